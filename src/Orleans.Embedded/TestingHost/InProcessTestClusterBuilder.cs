using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>As upstream: composes several logical silos in this process.</summary>
/// <param name="initialSilosCount">Silos that <see cref="InProcessTestCluster.DeployAsync"/> starts.</param>
public sealed class InProcessTestClusterBuilder(short initialSilosCount = 2)
{
    private Action<InProcessTestSiloSpecificOptions, HostApplicationBuilder> _configure = static (_, _) => { };

    /// <summary>Configures services and logging of all silos; there are no hosts to start, and the client needs nothing.</summary>
    public InProcessTestClusterBuilder ConfigureHost(Action<IHostApplicationBuilder> configureDelegate)
    {
        _configure += (_, host) => configureDelegate(host);
        return this;
    }

    /// <summary>Configures each silo; its name tells them apart.</summary>
    public InProcessTestClusterBuilder ConfigureSilo(Action<InProcessTestSiloSpecificOptions, ISiloBuilder> configureSiloDelegate)
    {
        _configure += (options, host) => configureSiloDelegate(options, new SiloBuilder(host.Services));
        return this;
    }

    /// <summary>The cluster, not yet started.</summary>
    public InProcessTestCluster Build() => new(initialSilosCount, _configure);
}

/// <summary>As upstream: tells the silos apart while they are configured.</summary>
public sealed class InProcessTestSiloSpecificOptions
{
    /// <summary>The name: <c>Silo_0</c>, <c>Silo_1</c>, …</summary>
    public required string SiloName { get; init; }
}
