using System.Collections.Immutable;
using Halo.Inference.Model.Streaming;

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

    /// <summary>Where shards stream their weights from; null where all stay in memory. A table is for one board, and so is this.</summary>
    public StreamedWeights? Streamed { get; init; }

    /// <summary>What is streamed, in the order of a step.</summary>
    internal IEnumerable<StreamedStage> StreamedStages => Attention
        .Zip(FeedForward, (attention, feedForward) => attention.Select(shard => shard.Stage).Concat(feedForward.Select(shard => shard.Stage)))
        .SelectMany(stages => stages)
        .Concat(Vocabulary.Select(shard => shard.Stage))
        .OfType<StreamedStage>();
}
