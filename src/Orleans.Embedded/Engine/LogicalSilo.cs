using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Orleans.Runtime;

/// <summary>One silo of the process: its services, its activations, its life.</summary>
internal sealed class LogicalSilo(IServiceProvider services, EmbeddedCluster cluster, string name)
    : ILocalSiloDetails, ISiloStatusOracle, ISiloMetadataCache
{
    private readonly HashSet<Activation> _activations = []; // also the lock, of the status too
    private ITimer? _collector;

    public string Name => name;

    public SiloAddress SiloAddress { get; } = new();

    internal SiloStatus Status { get; private set; } = SiloStatus.Created;

    internal EmbeddedCluster Cluster => cluster;

    internal IServiceProvider Services => services;

    internal GrainFactory GrainFactory { get => field ??= new(cluster, this); }

    internal GrainCollectionOptions Collection { get; } = services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value;

    internal TimeProvider TimeProvider { get; } = services.GetRequiredService<TimeProvider>();

    internal ILogger Logger { get; } = services.GetRequiredService<ILogger<LogicalSilo>>();

    private SiloMetadata Metadata { get; } = services.GetRequiredService<IOptions<SiloMetadata>>().Value;

    /// <summary>What every silo has, for the silo's own configuration to build on.</summary>
    internal static void AddServices(SiloBuilder builder, EmbeddedCluster cluster, string name)
    {
        builder.Services.AddLogging();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => new LogicalSilo(services, cluster, name));
        builder.Services.AddSingleton<ILocalSiloDetails>(services => services.GetRequiredService<LogicalSilo>());
        builder.Services.AddSingleton<ISiloStatusOracle>(services => services.GetRequiredService<LogicalSilo>());
        builder.Services.AddSingleton<ISiloMetadataCache>(services => services.GetRequiredService<LogicalSilo>());
        builder.Services.AddSingleton<IGrainFactory>(services => services.GetRequiredService<LogicalSilo>().GrainFactory);
        builder.AddPlacementDirector<RandomPlacement, RandomPlacementDirector>();
    }

    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) =>
        cluster.Silos.Where(silo => !onlyActive || silo.Status == SiloStatus.Active)
            .ToDictionary(silo => silo.SiloAddress, silo => silo.Status);

    public SiloMetadata GetSiloMetadata(SiloAddress siloAddress) => cluster.Find(siloAddress)?.Metadata ?? new SiloMetadata();

    internal void Start()
    {
        Status = SiloStatus.Active;
        cluster.Add(this);
        _collector = TimeProvider.CreateTimer(_ => CollectIdle(), null, Collection.CollectionQuantum, Collection.CollectionQuantum);
    }

    /// <summary>Deactivates all grains; what is still there after the deactivation timeout is left to be killed.</summary>
    internal async Task StopAsync()
    {
        if (TryEnd(SiloStatus.ShuttingDown))
        {
            Activation[] activations = Activations();
            Array.ForEach(activations, activation => activation.Deactivate(DeactivationReasonCode.ShuttingDown, "The silo stops."));
            await Task.WhenAll(activations.Select(activation => activation.Deactivated)).WaitAsync(Collection.DeactivationTimeout)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends at once: activations vanish without a word, calls in flight fail.</summary>
    internal void Kill()
    {
        if (TryEnd(SiloStatus.Dead))
        {
            Array.ForEach(Activations(), activation => activation.Kill());
        }
    }

    /// <summary>A new activation, not started yet; null if the silo takes none.</summary>
    internal Activation? TryCreateActivation(GrainSlot slot)
    {
        lock (_activations)
        {
            if (Status != SiloStatus.Active)
            {
                return null;
            }

            Activation activation = new(this, cluster.GrainTypes.ClassOf(slot.GrainId), slot);
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

    private bool TryEnd(SiloStatus status)
    {
        lock (_activations)
        {
            if (Status >= status)
            {
                return false;
            }

            Status = status;
        }

        _collector?.Dispose();
        return true;
    }

    private void CollectIdle() => Array.ForEach(Activations(), activation => activation.CollectIfIdle(TimeProvider.GetUtcNow()));

    private Activation[] Activations()
    {
        lock (_activations)
        {
            return [.. _activations];
        }
    }
}
