namespace Halo.Inference.Model;

/// <summary>
/// What a board needs of a model to hold shards and walk layers: a whole model file (<see cref="ModelWeights"/>), or the pieces of one that
/// were sent to the board. Shards may keep pointing into it: it must outlive them.
/// </summary>
public interface IShardSource : IDisposable
{
    /// <summary>The model's shape.</summary>
    ModelConfig Config { get; }

    /// <summary>The norms of all stages.</summary>
    ModelNorms Norms { get; }

    /// <summary>Cuts out head groups [first, first + count) of a layer's attention.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="first">First head group.</param>
    /// <param name="count">Head groups, at least 1.</param>
    /// <param name="pool">Where the shard's KV will lie.</param>
    /// <param name="maxSequences">Sequences that may be open at once.</param>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    AttentionShard LoadAttention(int layer, int first, int count, KvBlockPool pool, int maxSequences);

    /// <summary>Cuts out neuron groups [first, first + count) of a layer's feed-forward.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    FeedForwardShard LoadFeedForward(int layer, int first, int count);

    /// <summary>Cuts out token groups [first, first + count) of the LM head.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    VocabularyShard LoadVocabulary(int first, int count);
}
