namespace Halo.Inference.Model.Architectures;

/// <summary>The vectors of a layer. Every board holds all of them; shards take the elements of their own rows.</summary>
[Flags]
internal enum LayerVector
{
    None = 0,

    /// <summary>Gain of the norm before the attention (hiddenSize).</summary>
    AttentionNorm = 1 << 0,

    /// <summary>Bias of that norm (hiddenSize).</summary>
    AttentionNormBias = 1 << 1,

    /// <summary>Gain of the norm before the feed-forward (hiddenSize).</summary>
    FeedForwardNorm = 1 << 2,

    /// <summary>Bias of that norm (hiddenSize).</summary>
    FeedForwardNormBias = 1 << 3,

    /// <summary>Bias of the queries (heads * headDim).</summary>
    QueryBias = 1 << 4,

    /// <summary>Bias of the keys (KV heads * headDim).</summary>
    KeyBias = 1 << 5,

    /// <summary>Bias of the values (KV heads * headDim).</summary>
    ValueBias = 1 << 6,

    /// <summary>Gain of the norm of each query head (headDim).</summary>
    QueryNorm = 1 << 7,

    /// <summary>Gain of the norm of each key head (headDim).</summary>
    KeyNorm = 1 << 8,

    /// <summary>Bias of the attention's output projection (hiddenSize).</summary>
    OutputBias = 1 << 9,

    /// <summary>Bias of the gate (neurons).</summary>
    GateBias = 1 << 10,

    /// <summary>Bias of the up projection (neurons).</summary>
    UpBias = 1 << 11,

    /// <summary>Bias of the down projection (hiddenSize).</summary>
    DownBias = 1 << 12,

    /// <summary>Gains of both norms.</summary>
    Norms = AttentionNorm | FeedForwardNorm,

    /// <summary>Biases of both norms.</summary>
    NormBiases = AttentionNormBias | FeedForwardNormBias,

    /// <summary>Biases of queries, keys and values.</summary>
    QueryKeyValueBiases = QueryBias | KeyBias | ValueBias,

    /// <summary>Gains of the norms of heads.</summary>
    HeadNorms = QueryNorm | KeyNorm,

    /// <summary>Biases of all matrices of a layer that has a gate.</summary>
    GatedBiases = QueryKeyValueBiases | OutputBias | GateBias | UpBias | DownBias,
}
