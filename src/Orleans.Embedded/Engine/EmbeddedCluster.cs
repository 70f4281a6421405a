using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Placement;

namespace Orleans.Runtime;

/// <summary>The logical silos of this process and the directory of their grains. All knowledge is shared memory: nothing is sent.</summary>
internal sealed class EmbeddedCluster
{
    private readonly ConcurrentDictionary<GrainId, GrainSlot> _directory = new();
    private LogicalSilo[] _silos = []; // in start order, dead ones included; replaced, never changed

    internal IReadOnlyList<LogicalSilo> Silos => _silos;

    internal void Add(LogicalSilo silo)
    {
        lock (_directory)
        {
            _silos = [.. _silos, silo];
        }
    }

    internal void Deliver(GrainId grainId, Turn turn)
    {
        while (!_directory.GetOrAdd(grainId, static (id, cluster) => new GrainSlot(cluster, id), this).TryDeliver(turn))
        {
            // The slot left the directory just now; the next look-up makes a new one.
        }
    }

    internal Activation? FindActivation(GrainId grainId) => _directory.GetValueOrDefault(grainId)?.Activation;

    internal void Remove(GrainSlot slot) => _directory.TryRemove(KeyValuePair.Create(slot.GrainId, slot));

    /// <summary>Asks the grain's placement director, on the silo where the request comes from.</summary>
    internal async Task<LogicalSilo> PlaceAsync(GrainId grainId, Dictionary<string, object>? requestContext, LogicalSilo? origin)
    {
        LogicalSilo[] active = [.. _silos.Where(silo => silo.CurrentStatus == SiloStatus.Active)];
        if (active.Length == 0)
        {
            throw new SiloUnavailableException($"There is no active silo for {grainId}.");
        }

        LogicalSilo local = origin is { CurrentStatus: SiloStatus.Active } ? origin : active[(uint)grainId.GetHashCode() % active.Length];
        PlacementStrategy strategy = GrainTypeMap.ClassOf(grainId.Type).Placement;
        SiloAddress chosen = await local.Services.GetRequiredKeyedService<IPlacementDirector>(strategy.GetType()).OnAddActivation(
            strategy, new PlacementTarget(grainId, requestContext ?? []), new PlacementContext(active, local));
        return _silos.FirstOrDefault(silo => silo.SiloAddress.Equals(chosen))
            ?? throw new OrleansException($"The placement director of {grainId} chose {chosen}, which is no silo.");
    }

    private sealed class PlacementContext(LogicalSilo[] active, LogicalSilo local) : IPlacementContext
    {
        public SiloAddress LocalSilo => local.SiloAddress;

        public SiloStatus LocalSiloStatus => local.CurrentStatus;

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => [.. active.Select(silo => silo.SiloAddress)];
    }
}
