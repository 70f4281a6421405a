using Halo.Planning.Importance;

namespace Halo.Planning.Assignment;

/// <summary>What is asked of a plan.</summary>
public sealed record PlanRequest
{
    /// <summary>The version that the plan will carry, from 1.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The head board; null takes the first.</summary>
    public string? HeadBoard { get; init; }

    /// <summary>
    /// Whether the head board holds attention and feed-forward shards; false leaves it the steps, the samplers and its part of the vocabulary.
    /// A head board that is alone holds all shards.
    /// </summary>
    public bool HeadHoldsShards { get; init; } = true;

    /// <summary>
    /// Positions of KV for all sequences together; null takes room for 16 sequences of full length (at most 32,768 positions),
    /// and less, down to one sequence (at most 2,048 positions), where memory is short. No sequence can be longer than this.
    /// </summary>
    public int? KvPositions { get; init; }

    /// <summary>What each group adds to its stage; null where the model was not calibrated.</summary>
    public ModelImportance? Importance { get; init; }

    /// <summary>How groups are given to boards; without <see cref="Importance"/> the default is an even split.</summary>
    public Placement Placement { get; init; }

    /// <summary>
    /// What expected loss is worth: how many times the shortest possible time of all stages one would give to lose nothing instead of everything.
    /// 0 or more; 0 plans for speed alone, and loss only decides which groups a board gets.
    /// </summary>
    public double LossWeight { get; init; } = 4;

    /// <summary>
    /// Share of each layer's neuron groups, the most important ones, that a second board holds as well where memory is left; 0 to 1. Needs
    /// <see cref="Importance"/>.
    /// </summary>
    public double ReplicationShare { get; init; }

    /// <summary>
    /// Whether each head group is a shard of its own: KV moves with whole shards only, so these can go anywhere while generations run. Otherwise shards are
    /// as few as can be, and later only those of equal size change places.
    /// </summary>
    public bool HeadGroupsMove { get; init; }
}
