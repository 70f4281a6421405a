using Halo.Fabric.Datagrams;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Whoever can send to a board, and even hears what others send, changes nothing without the keys.</summary>
public sealed class HostileDatagramTests
{
    [Fact]
    public void OnDatagram_RandomAlteredCutAndReplayed_TakesNone()
    {
        const int steps = 25;
        const int perDatagram = 100;
        using VirtualFabric fabric = new(3, new DatagramOptions(), new Impairments { Loss = 0.05 });
        Random random = new(11);
        long injected = 0;
        fabric.Network.OnSent = (from, to, datagram) =>
        {
            for (int i = 0; i < perDatagram && injected < 100_000; i++, injected++)
            {
                fabric.Network.Inject(to, Meddle(random, datagram));
            }
        };
        for (long step = 1; step <= steps; step++)
        {
            fabric.Walk(step);
        }

        // All that was ever sent comes again, to all boards: now each was taken before, or is meant for another.
        List<byte[]> heard = [];
        fabric.Network.OnSent = (_, _, datagram) => heard.Add(datagram);
        fabric.Walk(steps + 1);
        fabric.Network.Run(1_000_000);
        long received = fabric.Links.Sum(link => link.ReceivedDatagrams);
        long acceptable = fabric.Network.Sent - fabric.Network.Lost;
        Assert.InRange(received, acceptable, acceptable + fabric.Network.Lost); // a replay of one that was lost is as good as late
        fabric.Network.OnSent = (_, _, _) => { };
        foreach (byte[] datagram in heard)
        {
            for (int board = 0; board < 3; board++)
            {
                fabric.Network.Inject(board, [.. datagram]);
            }
        }

        // What a replay brings that was lost the first time is as good as late: it is ours.
        long lostOnce = fabric.Network.Lost;
        fabric.Network.Run(1_000_000);
        fabric.Walk(steps + 2);
        fabric.Network.Run(1_000_000);
        Assert.InRange(fabric.Links.Sum(link => link.ReceivedDatagrams), received, fabric.Network.Sent - fabric.Network.Lost + lostOnce);
        Assert.True(injected >= 100_000, $"Only {injected} datagrams were injected.");
        Assert.All(fabric.Ends, end => Assert.Null(end.Failure));
    }

    [Fact]
    public void OnDatagram_NonsenseFromABoardOfTheSession_LosesIt()
    {
        using VirtualFabric fabric = new(2, new DatagramOptions(), new Impairments());
        DatagramKeys keys = VirtualFabric.Keys(2, Topology.Mesh, FrameCipherKind.AesGcm)[1][0]!;
        using AeadCipher cipher = new(keys.Cipher, keys.Send.Key);
        DatagramWriter writer = new(new byte[DatagramFormat.MaxBytes]);
        writer.TryAdd(new ChunkHead(0, FrameKind.PartialSum, new StageKey(1, 1, 99), 1, 0, 0, 4, 4), new byte[4]);
        fabric.Network.Inject(0, writer.Seal(new DatagramHead(0, 0, 0, 0, DatagramHead.NoEcho, 0, 0), cipher, 1, keys.Send.Id, 1).ToArray());
        StageKey key = new(1, 1, 0);
        fabric.Fabric.Contribute(0, key, 1);
        Assert.Equal(StageResult.Aborted, fabric.Fabric.Ends[0].Complete(key, new float[350]));
        Assert.Equal("Board b1 is lost: it sent a datagram that does not fit the step.", fabric.Fabric.Ends[0].Failure);
    }

    [Theory]
    [InlineData(1, 1)] // back to its sender
    [InlineData(1, 9)] // to nobody
    [InlineData(2, 0)] // from ourselves
    [InlineData(2, 9)]
    public void OnDatagram_ChunkOnAnImpossibleRoute_LosesItsSender(byte route, byte place)
    {
        using VirtualFabric fabric = new(3, new DatagramOptions(), new Impairments());
        DatagramKeys keys = VirtualFabric.Keys(3, Topology.Mesh, FrameCipherKind.AesGcm)[1][0]!;
        using AeadCipher cipher = new(keys.Cipher, keys.Send.Key);
        DatagramWriter writer = new(new byte[DatagramFormat.MaxBytes]);
        writer.TryAdd(new ChunkHead(0, FrameKind.PartialSum, new StageKey(1, 1, 0), 1, 0, 0, 4, 4, Route: (ChunkRoute)route, Place: place), new byte[4]);
        fabric.Network.Inject(0, writer.Seal(new DatagramHead(0, 0, 0, 0, DatagramHead.NoEcho, 0, 0), cipher, 1, keys.Send.Id, 1).ToArray());
        fabric.Network.Run(10);
        Assert.Equal("Board b1 is lost: it sent a datagram that does not fit the step.", fabric.Ends[0].Failure);
    }

    [Theory]
    [InlineData(1, 1, 0, 32)]   // a group of one
    [InlineData(5, 16, 0, 32)]  // wider than a window
    [InlineData(8, 4, 0, 20)]   // past the end of its message
    [InlineData(3, 1, 62, 32)]  // further ahead than the window
    [InlineData(2, 1, 0, 32)]   // it contradicts the chunk that came with it
    public void OnDatagram_ParityThatCannotBe_LosesItsSender(byte members, byte distance, long sequence, int chunks)
    {
        const int bytes = 128;
        using VirtualFabric fabric = new(3, new DatagramOptions(), new Impairments());
        DatagramKeys keys = VirtualFabric.Keys(3, Topology.Mesh, FrameCipherKind.AesGcm)[1][0]!;
        using AeadCipher cipher = new(keys.Cipher, keys.Send.Key);
        ChunkHead head = new(sequence, FrameKind.PartialSum, new StageKey(1, 1, 0), chunks * bytes / 4, 0, 0, chunks * bytes, bytes);
        DatagramWriter writer = new(new byte[DatagramFormat.MaxBytes]);
        writer.TryAdd(ParityChunk.HeadOf(head, members, distance), new byte[bytes]);
        writer.TryAdd(head with { Sequence = 1, Key = new StageKey(1, 1, 1), Offset = bytes }, new byte[bytes]);
        fabric.Network.Inject(0, writer.Seal(new DatagramHead(0, 0, 0, 0, DatagramHead.NoEcho, 0, 0), cipher, 1, keys.Send.Id, 1).ToArray());
        fabric.Network.Run(10);
        Assert.Equal("Board b1 is lost: it sent a datagram that does not fit the step.", fabric.Ends[0].Failure);
    }

    private static byte[] Meddle(Random random, byte[] datagram)
    {
        byte[] bytes = [.. datagram];
        switch (random.Next(4))
        {
            case 0:
                bytes = new byte[random.Next(1500)];
                random.NextBytes(bytes);
                break;
            case 1:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes = bytes[..random.Next(bytes.Length)];
                break;
            default:
                random.NextBytes(bytes.AsSpan(random.Next(8, bytes.Length)));
                break;
        }

        return bytes;
    }
}
