using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Orleans.Runtime;

/// <summary>Where a silo pretends to listen, if its host says so.</summary>
internal sealed record SiloEndpoint(IPEndPoint Endpoint);

/// <summary>One silo of the process: its services, its activations, its life.</summary>
internal sealed class LogicalSilo(
    IServiceProvider services,
    EmbeddedCluster cluster,
    TimeProvider timeProvider,
    IOptions<SiloOptions> siloOptions,
    IOptions<ClusterOptions> clusterOptions,
    IOptions<GrainCollectionOptions> collectionOptions,
    IOptions<SiloMetadata> metadata,
    ILogger<LogicalSilo> logger) : ILocalSiloDetails, ISiloStatusOracle, ISiloMetadataCache
{
    private readonly HashSet<Activation> _activations = []; // also the lock, of the state too
    private ITimer? _collector;

    public string Name { get; } = siloOptions.Value.SiloName is { Length: > 0 } name ? name : "Silo";

    public string ClusterId => clusterOptions.Value.ClusterId;

    public SiloAddress SiloAddress { get; } = SiloAddress.New(
        services.GetService<SiloEndpoint>()?.Endpoint ?? new IPEndPoint(IPAddress.Loopback, 11111), SiloAddress.AllocateNewGeneration());

    public SiloStatus CurrentStatus { get; private set; } = SiloStatus.Created;

    public string SiloName => Name;

    internal EmbeddedCluster Cluster => cluster;

    internal IServiceProvider Services => services;

    internal TimeProvider TimeProvider => timeProvider;

    internal ILogger Logger => logger;

    internal TimeSpan DeactivationTimeout => collectionOptions.Value.DeactivationTimeout;

    internal GrainFactory GrainFactory => field ??= (GrainFactory)services.GetRequiredService<IClusterClient>();

    public SiloAddress[] GetActiveSilos() => [.. GetApproximateSiloStatuses(onlyActive: true).Keys];

    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => Find(siloAddress)?.CurrentStatus ?? SiloStatus.None;

    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) =>
        cluster.Silos.Where(silo => !onlyActive || silo.CurrentStatus == SiloStatus.Active)
            .ToDictionary(silo => silo.SiloAddress, silo => silo.CurrentStatus);

    public bool TryGetSiloName(SiloAddress siloAddress, [NotNullWhen(true)] out string? siloName) =>
        (siloName = Find(siloAddress)?.Name) is not null;

    public bool IsDeadSilo(SiloAddress silo) => GetApproximateSiloStatus(silo) == SiloStatus.Dead;

    public SiloMetadata GetSiloMetadata(SiloAddress siloAddress) => Find(siloAddress)?.Metadata ?? SiloMetadata.Empty;

    private SiloMetadata Metadata => metadata.Value;

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        GrainTypeMap.Load();
        cluster.Add(this);
        CurrentStatus = SiloStatus.Active;
        TimeSpan quantum = collectionOptions.Value.CollectionQuantum;
        _collector = timeProvider.CreateTimer(_ => CollectIdle(), null, quantum, quantum);
        foreach (StartupTask task in services.GetServices<StartupTask>())
        {
            await task.Execute(services, cancellationToken);
        }
    }

    /// <summary>Deactivates all grains, then ends; what is still there when the token is cancelled is killed.</summary>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!TryEnd(SiloStatus.ShuttingDown))
        {
            return;
        }

        DeactivationReason reason = new(DeactivationReasonCode.ShuttingDown, "The silo stops.");
        Activation[] activations = Activations();
        Array.ForEach(activations, activation => activation.Deactivate(reason));
        await Task.WhenAll(activations.Select(activation => activation.Deactivated)).WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Kill();
    }

    /// <summary>Ends at once: activations vanish without a word, calls in flight fail.</summary>
    internal void Kill()
    {
        if (!TryEnd(SiloStatus.Dead))
        {
            return;
        }

        foreach (Activation activation in Activations())
        {
            activation.Kill(new SiloUnavailableException($"{Name} ({SiloAddress}) ended while it had a request for {activation.GrainId}."));
        }
    }

    /// <summary>A new activation, not started yet; null if the silo takes none.</summary>
    internal Activation? TryCreateActivation(GrainSlot slot)
    {
        lock (_activations)
        {
            if (CurrentStatus != SiloStatus.Active)
            {
                return null;
            }

            Activation activation = new(this, GrainTypeMap.ClassOf(slot.GrainId.Type), slot);
            _activations.Add(activation);
            return activation;
        }
    }

    internal void Remove(Activation activation)
    {
        lock (_activations)
        {
            _activations.Remove(activation);
        }
    }

    internal TimeSpan CollectionAgeOf(GrainClass grainClass) =>
        grainClass.CollectionAge
        ?? (collectionOptions.Value.ClassSpecificCollectionAge.TryGetValue(grainClass.Type.FullName!, out TimeSpan age)
            ? age
            : collectionOptions.Value.CollectionAge);

    private bool TryEnd(SiloStatus status)
    {
        lock (_activations)
        {
            if (CurrentStatus >= status)
            {
                return false;
            }

            CurrentStatus = status;
        }

        _collector?.Dispose();
        return true;
    }

    private void CollectIdle()
    {
        DateTimeOffset now = timeProvider.GetUtcNow();
        Array.ForEach(Activations(), activation => activation.CollectIfIdle(now));
    }

    private Activation[] Activations()
    {
        lock (_activations)
        {
            return [.. _activations];
        }
    }

    private LogicalSilo? Find(SiloAddress address) => cluster.Silos.FirstOrDefault(silo => silo.SiloAddress.Equals(address));
}
