namespace Halo.Grains.Placement;

/// <summary>Places a shard grain on the board that the current plan names for it.</summary>
[GenerateSerializer, Orleans.Immutable, Alias("halo.neuron-shard-placement")]
public sealed class NeuronShardPlacement : PlacementStrategy
{
    internal static readonly NeuronShardPlacement Instance = new();
}
