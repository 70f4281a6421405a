using Halo.Inference.Model;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>A shard on a board, whichever kind it is; one of neuron or token groups may lie in several parts.</summary>
internal sealed class HeldShard : IDisposable
{
    private readonly IReadOnlyList<FeedForwardShard> _feedForward;
    private readonly IReadOnlyList<VocabularyShard> _vocabulary;

    private HeldShard(AttentionShard? attention, IReadOnlyList<FeedForwardShard> feedForward, IReadOnlyList<VocabularyShard> vocabulary)
    {
        Attention = attention;
        _feedForward = feedForward;
        _vocabulary = vocabulary;
    }

    internal AttentionShard? Attention { get; }

    /// <summary>The shard's grain is elsewhere; it stays for the plan that is about to be retired.</summary>
    internal bool Leaving { get; set; }

    internal long CopiedBytes =>
        (Attention?.CopiedBytes ?? 0) + _feedForward.Sum(shard => shard.CopiedBytes) + _vocabulary.Sum(shard => shard.CopiedBytes);

    internal static HeldShard Load(IShardSource source, ShardSlice slice, KvBlockPool pool, int maxSequences)
    {
        ShardId id = slice.Shard;
        return id.Kind switch
        {
            ShardKind.Attention => new HeldShard(source.LoadAttention(id.Layer, slice.FirstGroup, slice.GroupCount, pool, maxSequences), [], []),
            ShardKind.FeedForward => new HeldShard(null, source.LoadFeedForward(id.Layer, slice.FirstGroup, slice.GroupCount), []),
            _ => new HeldShard(null, [], source.LoadVocabulary(slice.FirstGroup, slice.GroupCount)),
        };
    }

    internal void AddTo(ShardTable table, int layer)
    {
        if (Attention is not null)
        {
            table.Attention[layer].Add(Attention);
        }
        else if (_feedForward.Count > 0)
        {
            table.FeedForward[layer].AddRange(_feedForward);
        }
        else
        {
            table.Vocabulary.AddRange(_vocabulary);
        }
    }

    public void Dispose()
    {
        Attention?.Dispose();
        foreach (FeedForwardShard shard in _feedForward)
        {
            shard.Dispose();
        }

        foreach (VocabularyShard shard in _vocabulary)
        {
            shard.Dispose();
        }
    }
}
