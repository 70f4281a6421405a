using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>
/// Carries the chunks of one link from a sender to a receiver, chunk by chunk and as a test says: no datagrams, no time. The receiver keeps what it
/// takes, or rebuilds.
/// </summary>
internal sealed class ChunkCourier
{
    private readonly OutgoingChunks _outgoing = new(new SendWindow(IncomingChunks.Width)) { IsEager = true };
    private readonly OutgoingParity _outgoingParity;
    private readonly IncomingParity _incomingParity = new();
    private readonly byte[] _datagram = new byte[DatagramFormat.MaxBytes];

    internal ChunkCourier() => _outgoingParity = new OutgoingParity(_outgoing);

    /// <summary>Chunks that came or were rebuilt, by sequence number.</summary>
    internal Dictionary<long, (ChunkHead Head, byte[] Bytes)> Taken { get; } = [];

    internal IncomingChunks Incoming { get; } = new();

    internal int Rebuilt { get; private set; }

    /// <summary>Sends a message; returns its chunks.</summary>
    internal List<(ChunkHead Head, byte[] Bytes)> Send(FrameKind kind, byte[] bytes, int unitBytes = 64)
    {
        _outgoing.Queue(new OutgoingMessage(kind, new StageKey(1, 1, 0), bytes.Length, 0, bytes, 0, bytes.Length, unitBytes));
        List<(ChunkHead Head, byte[] Bytes)> chunks = [];
        while (_outgoing.CanSend)
        {
            DatagramWriter writer = new(_datagram);
            _outgoing.AddNew(ref writer, 0);
            chunks.AddRange(Read(writer.Chunks));
        }

        return chunks;
    }

    /// <summary>The parity of all that was sent since the last call, and copies of what has none.</summary>
    internal List<(ChunkHead Head, byte[] Bytes)> Parity(int groupSize)
    {
        List<(ChunkHead Head, byte[] Bytes)> chunks = [];
        while (true)
        {
            DatagramWriter writer = new(_datagram);
            _outgoingParity.AddTo(ref writer, groupSize);
            if (writer.Chunks == 0)
            {
                _outgoingParity.BeginRun();
                return chunks;
            }

            chunks.AddRange(Read(writer.Chunks));
        }
    }

    internal void Acknowledge() => Assert.True(_outgoing.Acknowledge(Incoming.Next, Incoming.Later));

    /// <summary>Takes what was sent; false where it is nonsense.</summary>
    internal bool Take((ChunkHead Head, byte[] Bytes) chunk)
    {
        if (chunk.Head.Route == ChunkRoute.Parity)
        {
            if (!ParityChunk.TryRead(chunk.Head, out ParityChunk parity) || !_incomingParity.TryAdd(parity, chunk.Bytes, Incoming))
            {
                return false;
            }
        }
        else if (Incoming.FateOf(chunk.Head.Sequence) == ChunkFate.New)
        {
            Put(chunk.Head, chunk.Bytes);
        }

        return TakeRebuilt();
    }

    private bool TakeRebuilt()
    {
        while (true)
        {
            ParityFinding finding = _incomingParity.Find(Incoming, out ChunkHead head, out ReadOnlySpan<byte> bytes);
            if (finding != ParityFinding.Chunk)
            {
                return finding == ParityFinding.Nothing;
            }

            Assert.Equal(ChunkFate.New, Incoming.FateOf(head.Sequence));
            Assert.Equal(head.ChunkBytes, bytes.Length);
            Rebuilt++;
            Put(head, bytes.ToArray());
        }
    }

    private void Put(in ChunkHead head, byte[] bytes)
    {
        Taken.Add(head.Sequence, (head with { Copy = 0 }, bytes));
        Incoming.Take(head);
        _incomingParity.Keep(head, bytes, isExpected: true);
        while (Incoming.TryTell(out _))
        {
        }
    }

    private List<(ChunkHead Head, byte[] Bytes)> Read(int count)
    {
        List<(ChunkHead Head, byte[] Bytes)> chunks = [];
        int at = DatagramFormat.OutsideBytes + DatagramHead.Bytes;
        for (; count > 0; count--)
        {
            Assert.True(ChunkHead.TryRead(_datagram.AsSpan(at), out ChunkHead head));
            at += ChunkHead.Bytes;
            chunks.Add((head, _datagram.AsSpan(at, head.ChunkBytes).ToArray()));
            at += head.ChunkBytes;
        }

        return chunks;
    }
}
