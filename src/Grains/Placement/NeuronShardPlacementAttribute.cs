using Orleans.Placement;

namespace Halo.Grains.Placement;

/// <summary>Places a shard grain on the board that the current plan names for it.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeuronShardPlacementAttribute() : PlacementAttribute(NeuronShardPlacement.Instance);
