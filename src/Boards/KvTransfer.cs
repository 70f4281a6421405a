using Halo.Inference.Model;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>
/// Copies an attention shard's KV from one board to another in two goes: everything while decoding goes on, then what was added since, once no
/// step is under way.
/// </summary>
internal static class KvTransfer
{
    private const int FormatVersion = 2;

    internal static IReadOnlyList<KvBlock> Export(KvCache kv, SequenceTable sequences, ShardSlice slice, IReadOnlyList<KvMark> known)
    {
        Dictionary<long, KvMark> knownBySequence = known.ToDictionary(mark => mark.SequenceId);
        List<KvBlock> blocks = [];
        foreach (long sequence in sequences.Sequences)
        {
            sequences.TryGetSlot(sequence, out int slot);
            KvMark mark = new(sequence, sequences.Epoch(slot), sequences.Length(slot));
            int first = knownBySequence.TryGetValue(sequence, out KvMark copy) && copy.Epoch == mark.Epoch ? Math.Min(copy.Length, mark.Length) : 0;
            byte[] rows = new byte[(mark.Length - first) * kv.BytesPerRow];
            kv.Export(slot, first, mark.Length - first, rows);
            blocks.Add(new KvBlock(FormatVersion, slice, mark, kv.Layout.Type, first, rows));
        }

        return blocks;
    }

    internal static IReadOnlyList<KvMark> Import(KvCache kv, SequenceTable sequences, ShardSlice slice, IReadOnlyList<KvBlock> blocks)
    {
        HashSet<int> kept = [];
        foreach (KvBlock block in blocks)
        {
            Check(kv, slice, block);
            if (sequences.TryGetSlot(block.Mark.SequenceId, out int slot))
            {
                kept.Add(slot);
                kv.Truncate(slot, block.First);
                kv.Import(slot, block.First, block.Mark.Length - block.First, block.Data.Span);
            }
        }

        for (int slot = 0; slot < sequences.Capacity; slot++)
        {
            if (!kept.Contains(slot))
            {
                kv.Truncate(slot, 0);
            }
        }

        return [.. blocks.Select(block => block.Mark)];
    }

    private static void Check(KvCache kv, ShardSlice slice, KvBlock block)
    {
        long bytes = (long)(block.Mark.Length - block.First) * kv.BytesPerRow;
        if (block.FormatVersion != FormatVersion || block.Type != kv.Layout.Type || block.Slice != slice || block.First < 0 || bytes < 0
            || block.Data.Length != bytes)
        {
            throw new StepException(
                $"A KV block of format {block.FormatVersion} in {block.Type} for shard {block.Slice.Shard}, positions {block.First} to {block.Mark.Length}, "
                + $"with {block.Data.Length} bytes does not fit shard {slice.Shard}, which takes format {FormatVersion}, {kv.Layout.Type} and {bytes} bytes.");
        }
    }
}
