using Halo.Inference.Model;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>A shard on a board, whichever kind it is.</summary>
internal sealed class HeldShard : IDisposable
{
    private readonly FeedForwardShard? _feedForward;
    private readonly VocabularyShard? _vocabulary;

    private HeldShard(AttentionShard? attention, FeedForwardShard? feedForward, VocabularyShard? vocabulary)
    {
        Attention = attention;
        _feedForward = feedForward;
        _vocabulary = vocabulary;
    }

    internal AttentionShard? Attention { get; }

    /// <summary>The shard's grain is elsewhere; it stays for the plan that is about to be retired.</summary>
    internal bool Leaving { get; set; }

    internal long CopiedBytes => Attention?.CopiedBytes ?? _feedForward?.CopiedBytes ?? _vocabulary!.CopiedBytes;

    internal static HeldShard Load(IShardSource source, ShardSlice slice, KvBlockPool pool, int maxSequences)
    {
        ShardId id = slice.Shard;
        return id.Kind switch
        {
            ShardKind.Attention => new HeldShard(source.LoadAttention(id.Layer, slice.FirstGroup, slice.GroupCount, pool, maxSequences), null, null),
            ShardKind.FeedForward => new HeldShard(null, source.LoadFeedForward(id.Layer, slice.FirstGroup, slice.GroupCount), null),
            _ => new HeldShard(null, null, source.LoadVocabulary(slice.FirstGroup, slice.GroupCount)),
        };
    }

    internal void AddTo(ShardTable table, int layer)
    {
        if (Attention is not null)
        {
            table.Attention[layer].Add(Attention);
        }
        else if (_feedForward is not null)
        {
            table.FeedForward[layer].Add(_feedForward);
        }
        else
        {
            table.Vocabulary.Add(_vocabulary!);
        }
    }

    public void Dispose()
    {
        Attention?.Dispose();
        _feedForward?.Dispose();
        _vocabulary?.Dispose();
    }
}
