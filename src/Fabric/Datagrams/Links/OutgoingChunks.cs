using System.Numerics;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Stages;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// What one board sends to another: messages that wait, cut into chunks, of which a window is on the way until it is acknowledged. Times are
/// microseconds. Pure: it fills datagrams that others send.
/// </summary>
internal sealed class OutgoingChunks
{
    /// <summary>A chunk is lost, and not only late, when so many that were sent after it have come.</summary>
    internal const int Overtaken = 3;

    private const int MostRides = 2;

    private readonly Chunk[] _chunks = new Chunk[IncomingChunks.Width]; // by sequence number
    private readonly Queue<OutgoingMessage> _waiting = new();
    private readonly SendWindow _window;
    private int _offset; // into the first that waits
    private long _first; // the oldest that is not acknowledged
    private long _unsent; // the first that was never sent
    private long _end;

    /// <param name="window">How many chunks may be on the way at once, 64 at most.</param>
    internal OutgoingChunks(SendWindow window) => _window = window;

    /// <summary>Whether a chunk that was sent again follows soon once more: of use where links lose, a flood where frames only wait.</summary>
    internal bool IsEager { get; set; }

    /// <summary>Whether a chunk was never sent yet.</summary>
    internal bool HasUnsent => _waiting.Count > 0 || _unsent < _end;

    /// <summary>Whether a chunk can be sent for the first time now.</summary>
    internal bool CanSend => _unsent < _end || (_waiting.Count > 0 && _end - _first < _window.Size);

    /// <summary>Whether a chunk was sent and is not acknowledged.</summary>
    internal bool HasUnacknowledged => _first < _unsent;

    /// <summary>Whether something of a step's stages up to one is not acknowledged, or waits to be sent.</summary>
    internal bool HasUnacknowledgedUpTo(in StageKey key) =>
        (_first < _end && IsUpTo(At(_first).Head.Key, key)) || (_first == _end && _waiting.TryPeek(out OutgoingMessage next) && IsUpTo(next.Key, key));

    /// <summary>The next chunk that will be sent for the first time.</summary>
    internal long Unsent => _unsent;

    /// <summary>The oldest chunk that may still be sent again; all below are acknowledged.</summary>
    internal long First => _first;

    /// <summary>The head of a chunk from <see cref="First"/> on that was sent.</summary>
    internal ref readonly ChunkHead HeadOf(long sequence) => ref At(sequence).Head;

    /// <summary>Its bytes, as they would be sent now.</summary>
    internal ReadOnlySpan<byte> BytesOf(long sequence) => At(sequence).Bytes;

    /// <summary>Whether it is acknowledged, before others that are not.</summary>
    internal bool IsAcknowledged(long sequence) => At(sequence).IsAcknowledged;

    /// <summary>Adds a message.</summary>
    internal void Queue(in OutgoingMessage message) => _waiting.Enqueue(message);

    /// <summary>Fills a datagram with chunks that were never sent.</summary>
    internal void AddNew(ref DatagramWriter writer, long now)
    {
        Admit();
        for (; _unsent < _end; _unsent++)
        {
            ref Chunk chunk = ref At(_unsent);
            if (!writer.TryAdd(chunk.Head, chunk.Bytes))
            {
                break;
            }

            chunk.SentAt = now;
            chunk.Sends = 1;
        }
    }

    /// <summary>Fills what room a datagram has with chunks of earlier ones that may be lost: a copy that costs no datagram.</summary>
    /// <param name="writer">The datagram.</param>
    /// <param name="before">Only chunks below.</param>
    /// <returns>Copies added.</returns>
    internal int AddRiders(ref DatagramWriter writer, long before)
    {
        int added = 0;
        for (long sequence = before - 1; sequence >= _first; sequence--)
        {
            ref Chunk chunk = ref At(sequence);
            if (chunk.IsAcknowledged || chunk.Rides >= MostRides)
            {
                continue;
            }

            if (!writer.TryAdd(chunk.Copy(), chunk.Bytes))
            {
                break;
            }

            chunk.Rides++;
            chunk.Sends++;
            added++;
        }

        return added;
    }

    /// <summary>Fills a datagram with copies of unacknowledged chunks.</summary>
    /// <param name="writer">The datagram.</param>
    /// <param name="from">The first; moves past what was added.</param>
    /// <param name="end">The end.</param>
    /// <param name="route">How they go.</param>
    /// <param name="place">Whom they are to be carried to.</param>
    /// <returns>Copies added.</returns>
    internal int AddCopies(ref DatagramWriter writer, ref long from, long end, ChunkRoute route = ChunkRoute.Straight, int place = 0)
    {
        int added = 0;
        for (from = Math.Max(from, _first); from < end; from++)
        {
            ref Chunk chunk = ref At(from);
            if (chunk.IsAcknowledged)
            {
                continue;
            }

            if (!writer.TryAdd(chunk.Copy() with { Route = route, Place = (byte)place }, chunk.Bytes))
            {
                break;
            }

            chunk.Sends++;
            added++;
        }

        return added;
    }

    /// <summary>Fills a datagram with chunks whose acknowledgement is overdue, or that were overtaken.</summary>
    /// <param name="writer">The datagram.</param>
    /// <param name="now">The time.</param>
    /// <param name="roundTrip">How long to wait.</param>
    /// <param name="route">How they go.</param>
    /// <param name="place">Whom they are to be carried to.</param>
    /// <returns>Chunks added.</returns>
    internal int AddOverdue(ref DatagramWriter writer, long now, in RoundTrip roundTrip, ChunkRoute route = ChunkRoute.Straight, int place = 0)
    {
        int added = 0;
        for (long sequence = _first; sequence < _unsent; sequence++)
        {
            ref Chunk chunk = ref At(sequence);
            if (chunk.IsAcknowledged || DueAt(chunk, roundTrip) > now)
            {
                continue;
            }

            if (!writer.TryAdd(chunk.Copy() with { Route = route, Place = (byte)place }, chunk.Bytes))
            {
                break;
            }

            chunk.IsOvertaken = false;
            chunk.SentAt = now;
            chunk.Sends++;
            chunk.Resends++;
            added++;
        }

        return added;
    }

    /// <summary>When the next chunk is overdue; <see cref="long.MaxValue"/> where none waits for an acknowledgement.</summary>
    internal long NextDue(in RoundTrip roundTrip)
    {
        long due = long.MaxValue;
        for (long sequence = _first; sequence < _unsent; sequence++)
        {
            ref Chunk chunk = ref At(sequence);
            if (!chunk.IsAcknowledged)
            {
                due = Math.Min(due, DueAt(chunk, roundTrip));
            }
        }

        return due;
    }

    /// <summary>Takes an acknowledgement; false where it speaks of chunks that were never sent. An old one changes nothing.</summary>
    /// <param name="acknowledged">All below have come.</param>
    /// <param name="later">Bit i: acknowledged + 1 + i has come.</param>
    internal bool Acknowledge(long acknowledged, ulong later)
    {
        long highest = later == 0 ? acknowledged - 1 : acknowledged + 64 - BitOperations.LeadingZeroCount(later);
        if (acknowledged < 0 || acknowledged > _unsent || highest >= _unsent)
        {
            return false;
        }

        _window.OnAcknowledged(Math.Max(0, acknowledged - _first));
        for (; _first < acknowledged; _first++)
        {
            At(_first) = default;
        }

        for (ulong rest = later; rest != 0; rest &= rest - 1)
        {
            long sequence = acknowledged + 1 + BitOperations.TrailingZeroCount(rest);
            if (sequence >= _first)
            {
                At(sequence).IsAcknowledged = true;
            }
        }

        NoteOvertaken(highest);
        return true;
    }

    // Once a chunk: datagrams that overtake each other for long must not be answered by a flood.
    private void NoteOvertaken(long highest)
    {
        int after = 0;
        for (long sequence = highest; sequence >= _first; sequence--)
        {
            ref Chunk chunk = ref At(sequence);
            if (chunk.IsAcknowledged)
            {
                after++;
            }
            else if (after >= Overtaken && chunk.Resends == 0)
            {
                chunk.IsOvertaken = true;
            }
        }
    }

    private void Admit()
    {
        while (_waiting.Count > 0 && _end - _first < _window.Size)
        {
            OutgoingMessage message = _waiting.Peek();
            ChunkHead head = message.HeadAt(_end, _offset);
            At(_end++) = new Chunk { Head = head, Buffer = message.Buffer, Start = message.Start + _offset };
            _offset += head.ChunkBytes;
            if (_offset == message.Bytes)
            {
                _waiting.Dequeue();
                _offset = 0;
            }
        }

        _window.NoteOnWay(_end - _first);
    }

    private static bool IsUpTo(in StageKey mine, in StageKey key) => mine.StepNumber == key.StepNumber && mine.Stage <= key.Stage;

    private long DueAt(in Chunk chunk, in RoundTrip roundTrip) =>
        chunk.IsOvertaken ? 0 : chunk.SentAt + roundTrip.TimeoutAfter(chunk.Resends, IsEager);

    private ref Chunk At(long sequence) => ref _chunks[sequence % IncomingChunks.Width];

    private struct Chunk
    {
        internal ChunkHead Head;
        internal byte[] Buffer;
        internal int Start;
        internal long SentAt; // first, or resent; copies do not put the resend off
        internal int Sends;
        internal int Resends;
        internal int Rides;
        internal bool IsAcknowledged;
        internal bool IsOvertaken;

        internal readonly ReadOnlySpan<byte> Bytes => Buffer.AsSpan(Start, Head.ChunkBytes);

        internal readonly ChunkHead Copy() => Head with { Copy = (byte)Math.Min(Sends, byte.MaxValue) };
    }
}
