using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>Several logical silos and a client in this process; each silo has its own host and services.</summary>
/// <param name="options">The composition.</param>
public sealed class InProcessTestCluster(InProcessTestClusterOptions options) : IAsyncDisposable, IDisposable
{
    private readonly EmbeddedCluster _cluster = new();
    private readonly List<InProcessSiloHandle> _silos = [];
    private IHost? _clientHost;
    private int _startedInstances;

    /// <summary>The composition.</summary>
    public InProcessTestClusterOptions Options { get; } = options;

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

    /// <summary>The client, there after <see cref="DeployAsync"/>.</summary>
    public IClusterClient Client =>
        _clientHost?.Services.GetRequiredService<IClusterClient>() ?? throw new InvalidOperationException("The cluster is not deployed.");

    /// <summary>Starts the initial silos and the client.</summary>
    public async Task DeployAsync()
    {
        await StartSilosAsync(Options.InitialSilosCount);
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        Options.ClientHostConfigurationDelegates.ForEach(configure => configure(builder));
        builder.Services.AddSingleton<IClusterClient>(provider => new GrainFactory(
            _cluster, null, provider, provider.GetRequiredService<IOptions<ClientMessagingOptions>>().Value.ResponseTimeout));
        builder.Services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<IClusterClient>());
        _clientHost = builder.Build();
        await _clientHost.StartAsync();
    }

    /// <summary>Starts one more silo.</summary>
    public async Task<InProcessSiloHandle> StartAdditionalSiloAsync() => (await StartSilosAsync(1)).Single();

    /// <summary>Starts more silos, one after the other so that start order is name order.</summary>
    public async Task<List<InProcessSiloHandle>> StartSilosAsync(int silosToStart)
    {
        List<InProcessSiloHandle> started = [];
        for (int i = 0; i < silosToStart; i++)
        {
            int instance = _startedInstances++;
            InProcessSiloHandle silo = await CreateSiloAsync(
                new InProcessTestSiloSpecificOptions { SiloName = $"Silo_{instance}", SiloPort = 11111 + instance });
            started.Add(silo);
            lock (_silos)
            {
                _silos.Add(silo);
            }
        }

        return started;
    }

    /// <summary>Stops a silo gracefully: its grains are deactivated first.</summary>
    public Task StopSiloAsync(InProcessSiloHandle instance) => EndAsync(instance, gracefully: true);

    /// <summary>Kills a silo: its grains vanish, calls in flight fail.</summary>
    public Task KillSiloAsync(InProcessSiloHandle instance) => EndAsync(instance, gracefully: false);

    /// <summary>Stops all silos, the last started first, and the client.</summary>
    public async Task StopAllSilosAsync()
    {
        foreach (InProcessSiloHandle silo in Silos.Reverse())
        {
            await StopSiloAsync(silo);
        }

        if (_clientHost is { } client)
        {
            _clientHost = null;
            await client.StopAsync();
            client.Dispose();
        }
    }

    /// <summary>The silos that are active.</summary>
    public IEnumerable<InProcessSiloHandle> GetActiveSilos() => Silos.Where(silo => silo.IsActive);

    /// <summary>The active silo of this address.</summary>
    public InProcessSiloHandle? GetSiloForAddress(SiloAddress siloAddress) =>
        GetActiveSilos().FirstOrDefault(silo => silo.SiloAddress.Equals(siloAddress));

    /// <summary>The services of a silo; of any silo if none is given.</summary>
    public IServiceProvider GetSiloServiceProvider(SiloAddress? silo = null) =>
        (silo is null ? Silos[0] : Silos.First(handle => handle.SiloAddress.Equals(silo))).ServiceProvider;

    /// <summary>Waits until every silo knows of every change; in one process it does at once.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "Upstream's shape.")]
    public Task WaitForLivenessToStabilizeAsync(bool didKill = false) => Task.CompletedTask;

    /// <summary>Finds the activation of a grain.</summary>
    public bool TryGetGrainContext(GrainId grainId, [NotNullWhen(true)] out IGrainContext? grainContext) =>
        (grainContext = _cluster.FindActivation(grainId)) is not null;

    /// <summary>Completes when the current activation of the grain, if any, has deactivated.</summary>
    public Task WaitForDeactivationAsync(IAddressable grain) =>
        TryGetGrainContext(grain.GetGrainId(), out IGrainContext? context) ? context.Deactivated : Task.CompletedTask;

    /// <summary>Deactivates the grain and waits for it.</summary>
    public async Task DeactivateAsync(IAddressable grain)
    {
        if (TryGetGrainContext(grain.GetGrainId(), out IGrainContext? context))
        {
            context.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "DeactivateAsync was called."));
            await context.Deactivated;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAllSilosAsync();

    /// <inheritdoc/>
    public void Dispose() => Task.Run(StopAllSilosAsync).GetAwaiter().GetResult();

    private async Task<InProcessSiloHandle> CreateSiloAsync(InProcessTestSiloSpecificOptions siloOptions)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton(_ => _cluster);
        builder.Services.AddSingleton(new SiloEndpoint(new IPEndPoint(IPAddress.Loopback, siloOptions.SiloPort)));
        Options.SiloHostConfigurationDelegates.ForEach(configure => configure(siloOptions, builder));
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (Options.ClusterId, Options.ServiceId))
            .Configure<SiloOptions>(silo => silo.SiloName = siloOptions.SiloName));
        IHost host = builder.Build();
        await host.StartAsync();
        return new InProcessSiloHandle(siloOptions.SiloName, host);
    }

    private async Task EndAsync(InProcessSiloHandle silo, bool gracefully)
    {
        await silo.StopSiloAsync(gracefully);
        lock (_silos)
        {
            _silos.Remove(silo);
        }

        await silo.DisposeAsync();
    }
}
