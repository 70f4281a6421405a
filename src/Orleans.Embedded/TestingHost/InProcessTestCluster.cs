using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>As upstream: several logical silos and a client in this process; each silo has its own services.</summary>
public sealed class InProcessTestCluster : IAsyncDisposable
{
    private readonly EmbeddedCluster _cluster = new();
    private readonly List<InProcessSiloHandle> _silos = []; // also the lock
    private readonly short _initialSilosCount;
    private readonly Action<InProcessTestSiloSpecificOptions, HostApplicationBuilder> _configure;
    private int _startedCount;

    internal InProcessTestCluster(short initialSilosCount, Action<InProcessTestSiloSpecificOptions, HostApplicationBuilder> configure)
    {
        _initialSilosCount = initialSilosCount;
        _configure = configure;
        Client = new GrainFactory(_cluster, null);
    }

    /// <summary>The silos that were started and not stopped, in start order.</summary>
    public ReadOnlyCollection<InProcessSiloHandle> Silos
    {
        get
        {
            lock (_silos)
            {
                return _silos.ToList().AsReadOnly();
            }
        }
    }

    /// <summary>The client: gives references outside the silos.</summary>
    public IClusterClient Client { get; }

    /// <summary>Starts the initial silos.</summary>
    public async Task DeployAsync()
    {
        for (int i = 0; i < _initialSilosCount; i++)
        {
            await StartAdditionalSiloAsync();
        }
    }

    /// <summary>Starts one more silo.</summary>
    public Task<InProcessSiloHandle> StartAdditionalSiloAsync()
    {
        InProcessTestSiloSpecificOptions options = new() { SiloName = $"Silo_{_startedCount++}" };
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        LogicalSilo.AddServices(new SiloBuilder(builder.Services), _cluster, options.SiloName);
        _configure(options, builder);
        InProcessSiloHandle silo = new(builder.Services.BuildServiceProvider());
        lock (_silos)
        {
            _silos.Add(silo);
        }

        return Task.FromResult(silo);
    }

    /// <summary>Stops a silo gracefully: its grains are deactivated first.</summary>
    public Task StopSiloAsync(InProcessSiloHandle instance) => EndAsync(instance, gracefully: true);

    /// <summary>Kills a silo: its grains vanish, calls in flight fail.</summary>
    public Task KillSiloAsync(InProcessSiloHandle instance) => EndAsync(instance, gracefully: false);

    /// <summary>Waits until every silo knows of every change; in one process it does at once.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "Upstream's shape.")]
    public Task WaitForLivenessToStabilizeAsync(bool didKill = false) => Task.CompletedTask;

    /// <summary>Stops all silos, the last started first.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (InProcessSiloHandle silo in Silos.Reverse())
        {
            await StopSiloAsync(silo);
        }
    }

    private Task EndAsync(InProcessSiloHandle silo, bool gracefully)
    {
        lock (_silos)
        {
            return _silos.Remove(silo) ? silo.EndAsync(gracefully) : Task.CompletedTask;
        }
    }
}
