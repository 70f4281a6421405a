using System.Numerics.Tensors;
using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// Makes parity for what was sent. Chunks are gathered into runs, which end where nothing waits any more or 16 have been sent; each message's part of
/// a run is cut into groups whose members take turns, so that a few lost in a row fall into as many groups. What is alone in its group is copied.
/// </summary>
/// <remarks>
/// A group has chunks of one message only. The sender may write its bytes anew when nobody needs the message any more, so that chunks sent early and
/// late differ: whatever is rebuilt from these is part of the same message, which nobody looks at, never of another.
/// </remarks>
/// <param name="chunks">What is sent.</param>
internal sealed class OutgoingParity(OutgoingChunks chunks)
{
    private const int MostInRun = 16;

    private readonly byte[] _bytes = GC.AllocateArray<byte>(DatagramFormat.MaxChunkBytes, pinned: true);
    private long _from;      // the first chunk of the run
    private int _datagrams;  // of the run
    private long _segment;   // the part of a message that is next, and the group within it
    private int _group;

    /// <summary>Parity chunks made.</summary>
    internal long Made { get; private set; }

    /// <summary>Datagrams of the run: those sent, or those that it will have as far as is known.</summary>
    internal int Datagrams => chunks.HasUnsent ? Math.Max(_datagrams, MostInRun) : _datagrams;

    /// <summary>Whether the run is as long as it gets.</summary>
    internal bool IsComplete => !chunks.HasUnsent || chunks.Unsent - _from >= MostInRun;

    /// <summary>Datagrams with chunks that were never sent went out.</summary>
    internal void NoteSent(int datagrams) => _datagrams += datagrams;

    /// <summary>Begins a run with what is sent next.</summary>
    internal void BeginRun()
    {
        _from = chunks.Unsent;
        (_segment, _group, _datagrams) = (_from, 0, 0);
    }

    /// <summary>Fills a datagram with the run's parity. Call until it adds none, then <see cref="BeginRun"/>.</summary>
    /// <param name="writer">The datagram.</param>
    /// <param name="groupSize">Most members of a group, 2 to 8.</param>
    /// <returns>Chunks that were copied.</returns>
    internal int AddTo(ref DatagramWriter writer, int groupSize)
    {
        int copied = 0;
        for (_segment = Math.Max(_segment, chunks.First); _segment < chunks.Unsent;)
        {
            int length = SegmentLength();
            int groups = RedundancyRule.Groups(length, groupSize);
            for (; _group < groups; _group++)
            {
                if (!TryAddGroup(ref writer, _segment + _group, (length - _group + groups - 1) / groups, groups, ref copied))
                {
                    return copied;
                }
            }

            _segment += length;
            _group = 0;
        }

        return copied;
    }

    private int SegmentLength()
    {
        long end = _segment + 1;
        while (end < chunks.Unsent && chunks.HeadOf(end).Offset > 0)
        {
            end++;
        }

        return (int)(end - _segment);
    }

    private bool TryAddGroup(ref DatagramWriter writer, long first, int members, int distance, ref int copied)
    {
        if (members < 2)
        {
            long from = first;
            copied += chunks.AddCopies(ref writer, ref from, first + 1);
            return from > first;
        }

        bool isNeeded = false;
        ChunkHead head = chunks.HeadOf(first);
        Span<byte> parity = _bytes.AsSpan(0, head.ChunkBytes);
        parity.Clear();
        for (long sequence = first; sequence < first + members * distance; sequence += distance)
        {
            ReadOnlySpan<byte> bytes = chunks.BytesOf(sequence);
            Span<byte> part = parity[..bytes.Length];
            TensorPrimitives.Xor(part, bytes, part);
            isNeeded |= !chunks.IsAcknowledged(sequence);
        }

        if (isNeeded && !writer.TryAdd(ParityChunk.HeadOf(head, members, distance), parity))
        {
            return false;
        }

        Made += isNeeded ? 1 : 0;
        return true;
    }
}
