namespace Halo.Planning;

/// <summary>The three kinds of shard a model is cut into.</summary>
public enum ShardKind
{
    /// <summary>Head groups of one layer's attention: column-parallel q, k, v; row-parallel output projection; owns their KV.</summary>
    Attention,

    /// <summary>Neuron groups of one layer's feed-forward: column-parallel gate and up; row-parallel down.</summary>
    FeedForward,

    /// <summary>Token groups: rows of the LM head. Belongs to no layer.</summary>
    Vocabulary,
}
