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
}
