using System.Numerics;
using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>What becomes of a chunk that came.</summary>
internal enum ChunkFate
{
    /// <summary>It has not come before.</summary>
    New,

    /// <summary>It came before: as a copy, or because the acknowledgement was lost.</summary>
    Duplicate,

    /// <summary>It is further ahead than a sender may be.</summary>
    TooFar,
}

/// <summary>
/// Which chunks of one sender have come. Their bytes are put in place in any order; messages are told of in the order in which they were sent,
/// each once, when they and all before them are whole.
/// </summary>
internal sealed class IncomingChunks
{
    /// <summary>Most chunks that a sender may have on the way.</summary>
    internal const int Width = 64;

    private readonly ChunkHead[] _heads = new ChunkHead[Width]; // of chunks that came and are not passed; by sequence number
    private ulong _later;
    private long _told; // messages that end below this were told of

    /// <summary>All chunks below have come.</summary>
    internal long Next { get; private set; }

    /// <summary>Bit i: chunk Next + 1 + i has come.</summary>
    internal ulong Later => _later;

    /// <summary>Whether so many came past a missing one that it is lost rather than late.</summary>
    internal bool HasGap => BitOperations.PopCount(_later) >= OutgoingChunks.Overtaken;

    /// <summary>What would become of a chunk.</summary>
    internal ChunkFate FateOf(long sequence)
    {
        long ahead = sequence - Next;
        return ahead < 0 ? ChunkFate.Duplicate
            : ahead >= Width ? ChunkFate.TooFar
            : ahead > 0 && (_later >> (int)(ahead - 1) & 1) != 0 ? ChunkFate.Duplicate
            : ChunkFate.New;
    }

    /// <summary>Takes a new chunk, whose bytes are in place.</summary>
    internal void Take(in ChunkHead head)
    {
        _heads[head.Sequence % Width] = head;
        long ahead = head.Sequence - Next;
        if (ahead > 0)
        {
            _later |= 1ul << (int)(ahead - 1);
            return;
        }

        // The run of chunks that it completes: itself, and those above that follow without a gap.
        int run = BitOperations.TrailingZeroCount(~_later);
        _later = run >= Width - 1 ? 0 : _later >> (run + 1);
        Next += run + 1;
    }

    /// <summary>The next message that is whole and has nothing missing before it; call until there is none, before the next chunk is taken.</summary>
    internal bool TryTell(out ChunkHead last)
    {
        while (_told < Next)
        {
            ref readonly ChunkHead head = ref _heads[_told++ % Width];
            if (head.IsLast)
            {
                last = head;
                return true;
            }
        }

        last = default;
        return false;
    }
}
