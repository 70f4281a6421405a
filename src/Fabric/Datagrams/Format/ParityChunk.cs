namespace Halo.Fabric.Datagrams.Format;

/// <summary>
/// What one chunk of parity covers: some chunks of one message, its members, at equal distances. It has the head of the first of them, but for the
/// route, the number of members where others say how often they were sent, and the distance of their sequence numbers where others name a place.
/// Its bytes are the exclusive or of theirs; where a member is shorter, as only a message's last chunk may be, its bytes count as followed by zeros.
/// </summary>
internal readonly struct ParityChunk
{
    /// <summary>Most members.</summary>
    internal const int MostMembers = 8;

    private const int LeastMembers = 2;

    private readonly ChunkHead _first;

    private ParityChunk(in ChunkHead first, int members, int distance)
    {
        _first = first;
        Members = members;
        Distance = distance;
    }

    /// <summary>How many chunks it covers.</summary>
    internal int Members { get; }

    /// <summary>From one member's sequence number to the next one's.</summary>
    internal int Distance { get; }

    /// <summary>The first member's sequence number.</summary>
    internal long First => _first.Sequence;

    /// <summary>The last member's sequence number.</summary>
    internal long Last => _first.Sequence + (Members - 1) * Distance;

    /// <summary>Bytes of it, and of all members but for a message's last chunk.</summary>
    internal int Bytes => _first.ChunkBytes;

    /// <summary>The head under which it goes.</summary>
    /// <param name="first">The first member's, which is not its message's last chunk.</param>
    /// <param name="members">How many members, 2 to 8.</param>
    /// <param name="distance">From one member's sequence number to the next one's, 1 to 63.</param>
    internal static ChunkHead HeadOf(in ChunkHead first, int members, int distance) =>
        first with { Copy = (byte)members, Route = ChunkRoute.Parity, Place = (byte)distance };

    /// <summary>Reads a head on the parity route, which was read as a chunk's before; false where no chunks of one message can be meant.</summary>
    internal static bool TryRead(in ChunkHead head, out ParityChunk parity)
    {
        (int members, int distance) = (head.Copy, head.Place);
        parity = new ParityChunk(head with { Copy = 0, Route = ChunkRoute.Straight, Place = 0 }, members, distance);
        long span = (long)(members - 1) * distance;
        return members is >= LeastMembers and <= MostMembers && distance > 0 && head.ChunkBytes > 0
            && head.Sequence <= long.MaxValue - span && head.Offset + span * head.ChunkBytes < head.MessageBytes;
    }

    /// <summary>The head that a member had when it was first sent.</summary>
    internal ChunkHead Member(int index)
    {
        int chunk = index * Distance;
        int offset = _first.Offset + chunk * _first.ChunkBytes;
        return _first with { Sequence = _first.Sequence + chunk, Offset = offset, ChunkBytes = Math.Min(_first.ChunkBytes, _first.MessageBytes - offset) };
    }
}
