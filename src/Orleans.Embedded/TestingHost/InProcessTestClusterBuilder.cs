using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>Composes several logical silos and a client in this process.</summary>
/// <param name="initialSilosCount">Silos that <see cref="InProcessTestCluster.DeployAsync"/> starts.</param>
public sealed class InProcessTestClusterBuilder(short initialSilosCount)
{
    /// <summary>Composes two silos.</summary>
    public InProcessTestClusterBuilder()
        : this(2)
    {
    }

    /// <summary>The composition so far.</summary>
    public InProcessTestClusterOptions Options { get; } = new() { InitialSilosCount = initialSilosCount };

    /// <summary>Configures the hosts of all silos and the client.</summary>
    public InProcessTestClusterBuilder ConfigureHost(Action<IHostApplicationBuilder> configureDelegate)
    {
        Options.SiloHostConfigurationDelegates.Add((_, builder) => configureDelegate(builder));
        Options.ClientHostConfigurationDelegates.Add(configureDelegate);
        return this;
    }

    /// <summary>Configures each silo; its name tells them apart.</summary>
    public InProcessTestClusterBuilder ConfigureSilo(Action<InProcessTestSiloSpecificOptions, ISiloBuilder> configureSiloDelegate) =>
        ConfigureSiloHost((options, builder) => builder.UseOrleans(silo => configureSiloDelegate(options, silo)));

    /// <summary>Configures the host of each silo.</summary>
    public InProcessTestClusterBuilder ConfigureSiloHost(
        Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder> configureSiloHostDelegate)
    {
        Options.SiloHostConfigurationDelegates.Add(configureSiloHostDelegate);
        return this;
    }

    /// <summary>Configures the client.</summary>
    public InProcessTestClusterBuilder ConfigureClient(Action<IClientBuilder> configureClientDelegate)
    {
        Options.ClientHostConfigurationDelegates.Add(
            builder => configureClientDelegate(new SiloBuilder(builder.Services, builder.Configuration)));
        return this;
    }

    /// <summary>The cluster, not yet started.</summary>
    public InProcessTestCluster Build() => new(Options);
}

/// <summary>The composition of a cluster.</summary>
public sealed class InProcessTestClusterOptions
{
    /// <summary>The cluster.</summary>
    public string ClusterId { get; set; } = "in-process";

    /// <summary>The service.</summary>
    public string ServiceId { get; set; } = "in-process";

    /// <summary>Silos started at deployment.</summary>
    public short InitialSilosCount { get; set; }

    /// <summary>Run on the host of each silo, in order.</summary>
    public List<Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder>> SiloHostConfigurationDelegates { get; } = [];

    /// <summary>Run on the host of the client, in order.</summary>
    public List<Action<IHostApplicationBuilder>> ClientHostConfigurationDelegates { get; } = [];
}

/// <summary>Tells the silos apart while they are configured.</summary>
public sealed class InProcessTestSiloSpecificOptions
{
    /// <summary>The name: <c>Silo_0</c>, <c>Silo_1</c>, … unless a delegate changes it.</summary>
    public string SiloName { get; set; } = "";

    /// <summary>Port of the silo's address, where nothing listens.</summary>
    public int SiloPort { get; set; }
}
