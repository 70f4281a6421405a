using System.Numerics.Tensors;
using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>What parity says of the chunks that have not come.</summary>
internal enum ParityFinding
{
    /// <summary>Nothing, yet.</summary>
    Nothing,

    /// <summary>A chunk is rebuilt.</summary>
    Chunk,

    /// <summary>It contradicts a chunk that came: the sender is not to be trusted.</summary>
    Nonsense,
}

/// <summary>
/// Rebuilds chunks that did not come from parity and from the other chunks under it, in whatever order these come. It keeps the bytes of the latest
/// 64 chunks of messages that have several, and parity that lacks more than one chunk. Its memory, about 100 KB, is taken when it is first needed.
/// </summary>
internal sealed class IncomingParity
{
    private const int MostPending = 16; // twice the groups of a window of groups of eight

    private const int Rebuilt = IncomingChunks.Width + MostPending;

    private readonly ChunkHead[] _heads = new ChunkHead[IncomingChunks.Width];
    private readonly ParityChunk[] _pending = new ParityChunk[MostPending];
    private byte[]? _bytes;        // of chunks, by sequence number; of parity, by place in _pending; of the chunk that is rebuilt
    private int _count;

    /// <summary>Whether parity lacks chunks.</summary>
    internal bool HasPending => _count > 0;

    /// <summary>Keeps a chunk that came, if it may be a member.</summary>
    /// <param name="head">The chunk.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="isExpected">Whether parity may come, as datagrams are lost; else chunks are kept only once some came.</param>
    internal void Keep(in ChunkHead head, ReadOnlySpan<byte> bytes, bool isExpected)
    {
        if (head.MessageBytes == head.ChunkBytes || (_bytes is null && !isExpected))
        {
            return;
        }

        Begin();
        int slot = (int)(head.Sequence % IncomingChunks.Width);
        _heads[slot] = head with { Copy = 0, Route = ChunkRoute.Straight, Place = 0 };
        bytes.CopyTo(Slot(slot));
    }

    /// <summary>Takes parity; false where it speaks of chunks that cannot have been sent. Then call <see cref="Find"/>.</summary>
    internal bool TryAdd(in ParityChunk parity, ReadOnlySpan<byte> bytes, IncomingChunks incoming)
    {
        if (parity.Last < incoming.Next)
        {
            return true;
        }

        if (parity.Last - parity.First >= IncomingChunks.Width || incoming.FateOf(parity.Last) == ChunkFate.TooFar)
        {
            return false;
        }

        Begin();
        int place = _count < MostPending ? _count++ : Oldest();
        _pending[place] = parity;
        bytes.CopyTo(Slot(IncomingChunks.Width + place));
        return true;
    }

    /// <summary>Rebuilds a chunk, where parity lacks no other. Call until there is nothing, after parity or a chunk came.</summary>
    /// <param name="incoming">Which chunks have come.</param>
    /// <param name="head">The chunk's head.</param>
    /// <param name="bytes">Its bytes, until the next call.</param>
    internal ParityFinding Find(IncomingChunks incoming, out ChunkHead head, out ReadOnlySpan<byte> bytes)
    {
        head = default;
        bytes = default;
        for (int place = _count - 1; place >= 0; place--)
        {
            switch (Missing(_pending[place], incoming, out int missing, out bool isKept))
            {
                case 0:
                    Drop(place);
                    break;
                case 1 when isKept:
                    ParityChunk parity = _pending[place];
                    head = parity.Member(missing);
                    bool fits = TryRebuild(parity, place, missing);
                    Drop(place);
                    bytes = Slot(Rebuilt)[..head.ChunkBytes];
                    return fits ? ParityFinding.Chunk : ParityFinding.Nonsense;
                default:
                    if (!isKept)
                    {
                        Drop(place);
                    }

                    break;
            }
        }

        return ParityFinding.Nothing;
    }

    private void Begin()
    {
        if (_bytes is null)
        {
            Array.Fill(_heads, new ChunkHead { Sequence = -1 });
            _bytes = GC.AllocateArray<byte>((Rebuilt + 1) * DatagramFormat.MaxChunkBytes, pinned: true);
        }
    }

    // How many members have not come, the last of these, and whether all that came are still here.
    private int Missing(in ParityChunk parity, IncomingChunks incoming, out int last, out bool isKept)
    {
        (last, isKept) = (-1, true);
        int missing = 0;
        for (int member = 0; member < parity.Members; member++)
        {
            long sequence = parity.First + member * parity.Distance;
            if (incoming.FateOf(sequence) == ChunkFate.Duplicate)
            {
                isKept &= _heads[sequence % IncomingChunks.Width].Sequence == sequence;
            }
            else
            {
                last = member;
                missing++;
            }
        }

        return missing;
    }

    private bool TryRebuild(in ParityChunk parity, int place, int missing)
    {
        Span<byte> rebuilt = Slot(Rebuilt);
        Slot(IncomingChunks.Width + place)[..parity.Bytes].CopyTo(rebuilt);
        for (int member = 0; member < parity.Members; member++)
        {
            if (member == missing)
            {
                continue;
            }

            ChunkHead head = parity.Member(member);
            int slot = (int)(head.Sequence % IncomingChunks.Width);
            if (_heads[slot] != head)
            {
                return false;
            }

            Span<byte> part = rebuilt[..head.ChunkBytes];
            TensorPrimitives.Xor<byte>(part, Slot(slot)[..head.ChunkBytes], part);
        }

        return true;
    }

    private int Oldest()
    {
        int oldest = 0;
        for (int place = 1; place < _count; place++)
        {
            oldest = _pending[place].First < _pending[oldest].First ? place : oldest;
        }

        return oldest;
    }

    private void Drop(int place)
    {
        int last = --_count;
        if (place != last)
        {
            _pending[place] = _pending[last];
            Slot(IncomingChunks.Width + last)[.._pending[place].Bytes].CopyTo(Slot(IncomingChunks.Width + place));
        }
    }

    private Span<byte> Slot(int slot) => _bytes.AsSpan(slot * DatagramFormat.MaxChunkBytes, DatagramFormat.MaxChunkBytes);
}
