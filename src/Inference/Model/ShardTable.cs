using System.Collections.Immutable;

namespace Halo.Inference.Model;

/// <summary>The shards that one board steps under one plan, by layer. A board may hold several of a kind, or none.</summary>
public sealed class ShardTable
{
    /// <param name="layerCount">Layers of the model.</param>
    public ShardTable(int layerCount)
    {
        Attention = [.. Enumerable.Range(0, layerCount).Select(_ => new List<AttentionShard>())];
        FeedForward = [.. Enumerable.Range(0, layerCount).Select(_ => new List<FeedForwardShard>())];
    }

    /// <summary>Attention shards of each layer.</summary>
    public ImmutableArray<List<AttentionShard>> Attention { get; }

    /// <summary>Feed-forward shards of each layer.</summary>
    public ImmutableArray<List<FeedForwardShard>> FeedForward { get; }

    /// <summary>Vocabulary shards.</summary>
    public List<VocabularyShard> Vocabulary { get; } = [];
}
