using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Placement;

namespace Orleans.Runtime;

/// <summary>The logical silos of a cluster and the directory of their grains. All knowledge is shared memory: nothing is sent.</summary>
internal sealed class EmbeddedCluster
{
    private readonly ConcurrentDictionary<GrainId, GrainSlot> _directory = new();
    private LogicalSilo[] _silos = []; // in start order, dead ones included; replaced, never changed

    internal GrainTypeMap GrainTypes { get; } = new();

    internal IReadOnlyList<LogicalSilo> Silos => _silos;

    internal void Add(LogicalSilo silo)
    {
        lock (_directory)
        {
            _silos = [.. _silos, silo];
        }
    }

    internal LogicalSilo? Find(SiloAddress address) => Array.Find(_silos, silo => silo.SiloAddress == address);

    internal void Deliver(GrainId grainId, Request request)
    {
        while (!_directory.GetOrAdd(grainId, static (id, cluster) => new GrainSlot(cluster, id), this).TryDeliver(request))
        {
            // The slot left the directory just now; the next look-up makes a new one.
        }
    }

    internal void Remove(GrainSlot slot) => _directory.TryRemove(KeyValuePair.Create(slot.GrainId, slot));

    /// <summary>Asks the grain's placement director, on the silo where the request comes from.</summary>
    internal async Task<LogicalSilo> PlaceAsync(GrainId grainId, Dictionary<string, object>? requestContext, LogicalSilo? origin)
    {
        LogicalSilo[] active = [.. _silos.Where(silo => silo.Status == SiloStatus.Active)];
        if (active.Length == 0)
        {
            throw new SiloUnavailableException($"There is no active silo for {grainId}.");
        }

        LogicalSilo local = origin is { Status: SiloStatus.Active } ? origin : active[(uint)grainId.GetHashCode() % active.Length];
        PlacementStrategy strategy = GrainTypes.ClassOf(grainId).Placement;
        IPlacementDirector director = local.Services.GetRequiredKeyedService<IPlacementDirector>(strategy.GetType());
        SiloAddress chosen = await director.OnAddActivation(
            strategy, new PlacementTarget(grainId, requestContext ?? []), new PlacementContext(active));
        return Find(chosen) ?? throw new OrleansException($"The placement director of {grainId} chose {chosen}, which is no silo.");
    }

    private sealed class PlacementContext(LogicalSilo[] active) : IPlacementContext
    {
        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => [.. active.Select(silo => silo.SiloAddress)];
    }
}
