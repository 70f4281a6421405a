namespace Halo.Inference.Model.Streaming;

/// <summary>
/// Which part of a buffer is taken: pieces of any size are put in one behind the other and around the end, and each lies together. What is given
/// back out of order counts when all before it was. Not safe for several threads.
/// </summary>
/// <param name="capacity">Bytes of the buffer.</param>
internal sealed class BufferRing(long capacity)
{
    private readonly Queue<Room> _taken = new();
    private long _next; // where the latest room ends

    /// <summary>Takes room; null where there is none now.</summary>
    internal Room? TryTake(long bytes)
    {
        if (_taken.Count == 0)
        {
            _next = 0;
        }

        if (Place(bytes) is not { } offset)
        {
            return null;
        }

        Room room = new(offset);
        _taken.Enqueue(room);
        _next = offset + bytes;
        return room;
    }

    /// <summary>Gives room back.</summary>
    internal void Free(Room room)
    {
        room.IsFree = true;
        while (_taken.TryPeek(out Room? first) && first.IsFree)
        {
            _taken.Dequeue();
        }
    }

    private long? Place(long bytes)
    {
        if (!_taken.TryPeek(out Room? first))
        {
            return bytes <= capacity ? 0 : null;
        }

        if (_next <= first.Offset)
        {
            return first.Offset - _next >= bytes ? _next : null; // around the end already, or full
        }

        return capacity - _next >= bytes ? _next : first.Offset >= bytes ? 0 : null;
    }

    /// <summary>A part of the buffer that was taken.</summary>
    /// <param name="offset">Its first byte.</param>
    internal sealed class Room(long offset)
    {
        internal long Offset => offset;

        internal bool IsFree { get; set; }
    }
}
