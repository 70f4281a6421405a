namespace Halo.Planning.Profiles;

/// <summary>
/// A model as the planner sees it: how many groups of each kind there are and what one of them costs in memory.
/// Groups are the units that shards are made of: head groups (one KV head with its query heads), neuron groups and token groups.
/// </summary>
public sealed record ModelProfile
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>Transformer layers.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Head groups a layer: the number of KV heads.</summary>
    public required int HeadGroupCount { get; init; }

    /// <summary>Neuron groups a layer; the last one may be smaller than the rest.</summary>
    public required int NeuronGroupCount { get; init; }

    /// <summary>Token groups: pieces of the LM head's rows.</summary>
    public required int TokenGroupCount { get; init; }

    /// <summary>Bytes of weights of one head group in one layer, the largest over the layers, covering blocks included.</summary>
    public required long HeadGroupBytes { get; init; }

    /// <summary>Bytes of weights of one neuron group in one layer, the largest over the layers.</summary>
    public required long NeuronGroupBytes { get; init; }

    /// <summary>Bytes of weights of one token group.</summary>
    public required long TokenGroupBytes { get; init; }

    /// <summary>Bytes of KV that one head group of one layer keeps for one position.</summary>
    public required long KvBytesPerPosition { get; init; }

    /// <summary>Bytes every board needs whatever it holds: norms, residual stream, activations.</summary>
    public required long BoardBytes { get; init; }

    /// <summary>Bytes the head board needs on top: the embedding table and the gathered logits.</summary>
    public required long HeadBoardBytes { get; init; }

    /// <summary>Longest sequence in positions; the least KV that makes sense.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Groups of one kind in one layer (for the vocabulary: in all).</summary>
    public int GroupCount(ShardKind kind) => kind switch
    {
        ShardKind.Attention => HeadGroupCount,
        ShardKind.FeedForward => NeuronGroupCount,
        ShardKind.Vocabulary => TokenGroupCount,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Bytes of weights of one group of a kind, in all layers together, without KV.</summary>
    public long GroupBytes(ShardKind kind) => kind switch
    {
        ShardKind.Attention => HeadGroupBytes * LayerCount,
        ShardKind.FeedForward => NeuronGroupBytes * LayerCount,
        ShardKind.Vocabulary => TokenGroupBytes,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
