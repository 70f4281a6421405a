using System.Runtime.InteropServices;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Chunks that were lost come out of parity as they went in, or not at all.</summary>
public sealed class ParityTests
{
    private const int Seeds = 60;

    [Fact]
    public void Take_OneChunkOfEachGroupLost_InAnyOrder_HasAllChunksAsTheyWereSent()
    {
        for (int seed = 1; seed <= Seeds; seed++)
        {
            Random random = new(seed);
            int groupSize = random.Next(2, RedundancyRule.LargestGroup + 1);
            ChunkCourier courier = new();
            for (int message = 0; message < 6; message++)
            {
                List<(ChunkHead Head, byte[] Bytes)> sent = courier.Send(FrameKind.PartialSum, Bytes(random, random.Next(1, 40 * DatagramFormat.MaxChunkBytes)));
                List<(ChunkHead Head, byte[] Bytes)> parity = courier.Parity(groupSize);
                HashSet<long> lost = [.. parity.Select(group => Pick(random, group.Head))];
                List<(ChunkHead Head, byte[] Bytes)> arriving = [.. sent.Where(chunk => !lost.Contains(chunk.Head.Sequence)), .. parity];
                random.Shuffle(CollectionsMarshal.AsSpan(arriving));
                Assert.All(arriving, chunk => Assert.True(courier.Take(chunk)));
                AssertAll(courier, sent);
                courier.Acknowledge();
            }

            Assert.True(courier.Rebuilt > 0, $"Seed {seed}: nothing was lost.");
        }
    }

    [Fact]
    public void Take_RunsAsLongAsThereAreGroups_AreRebuilt()
    {
        foreach (int chunks in new[] { 2, 7, 8, 9, 16, 17, 24, 60 })
        {
            int groups = RedundancyRule.Groups(chunks, RedundancyRule.LargestGroup);
            for (int first = 0; first + groups <= chunks; first++)
            {
                ChunkCourier courier = new();
                List<(ChunkHead Head, byte[] Bytes)> sent = courier.Send(FrameKind.PartialSum, Bytes(new Random(chunks), chunks * 1280 - 7));
                Assert.Equal(chunks, sent.Count);
                List<(ChunkHead Head, byte[] Bytes)> parity = courier.Parity(RedundancyRule.LargestGroup);
                Assert.Equal(groups, parity.Count);
                Assert.All([.. sent.Where((_, at) => at < first || at >= first + groups), .. parity], chunk => Assert.True(courier.Take(chunk)));
                AssertAll(courier, sent);
            }
        }
    }

    [Fact]
    public void Take_AnyLossOfChunksAndParityWithResends_NeverGivesAWrongByte()
    {
        for (int seed = 1; seed <= Seeds; seed++)
        {
            Random random = new(seed);
            double loss = random.NextDouble() * 0.5;
            ChunkCourier courier = new();
            for (int message = 0; message < 10; message++)
            {
                List<(ChunkHead Head, byte[] Bytes)> sent = courier.Send(FrameKind.PartialSum, Bytes(random, random.Next(1, 24 * DatagramFormat.MaxChunkBytes)));
                List<(ChunkHead Head, byte[] Bytes)> arriving = [.. sent, .. courier.Parity(random.Next(2, 9))];
                random.Shuffle(CollectionsMarshal.AsSpan(arriving));
                arriving.RemoveAll(_ => random.NextDouble() < loss);
                Assert.All(arriving, chunk => Assert.True(courier.Take(chunk)));
                Assert.All(sent.Where(chunk => courier.Taken.ContainsKey(chunk.Head.Sequence)), chunk => AssertSame(courier, chunk));
                (ChunkHead Head, byte[] Bytes)[] again = [.. sent];
                random.Shuffle(again);
                Assert.All(again, chunk => Assert.True(courier.Take(chunk)));
                AssertAll(courier, sent);
                courier.Acknowledge();
            }
        }
    }

    [Fact]
    public void Parity_OfWhatTheSenderWroteAnew_SpoilsNoOtherMessage()
    {
        // A step was given up: its buffer is written again while its chunks are still on the way. Then come a message of one chunk and one of several.
        byte[] reused = Bytes(new Random(1), 5 * 1280);
        ChunkCourier courier = new();
        List<(ChunkHead Head, byte[] Bytes)> old = courier.Send(FrameKind.PartialSum, reused);
        List<(ChunkHead Head, byte[] Bytes)> reason = courier.Send(FrameKind.Abort, Bytes(new Random(2), 99));
        new Random(3).NextBytes(reused);
        List<(ChunkHead Head, byte[] Bytes)> next = courier.Send(FrameKind.PartialSum, Bytes(new Random(4), 5 * 1280));
        foreach ((ChunkHead Head, byte[] Bytes) chunk in (IEnumerable<(ChunkHead Head, byte[] Bytes)>)[.. old.Skip(1), .. next.Skip(1), .. courier.Parity(8)])
        {
            Assert.True(courier.Take(chunk));
        }

        Assert.Equal(courier.Incoming.Next, old.Count + reason.Count + next.Count);
        AssertAll(courier, [.. reason, .. next]);
    }

    [Fact]
    public void Parity_OfAcknowledgedChunks_IsNotSent()
    {
        ChunkCourier courier = new();
        Assert.All(courier.Send(FrameKind.PartialSum, Bytes(new Random(1), 9000)), chunk => Assert.True(courier.Take(chunk)));
        courier.Acknowledge();
        Assert.Empty(courier.Parity(4));
    }

    [Fact]
    public void Take_AnyParityOfAHostileBoard_ThrowsNothingAndStaysWithinItsMessage()
    {
        Random random = new(6);
        for (int round = 0; round < 20; round++)
        {
            ChunkCourier courier = new();
            List<(ChunkHead Head, byte[] Bytes)> sent = courier.Send(FrameKind.PartialSum, Bytes(random, 30 * 1280));
            Assert.All(sent.Where(chunk => chunk.Head.Sequence % 5 != 1), chunk => Assert.True(courier.Take(chunk)));
            for (int i = 0; i < 2_000; i++)
            {
                byte[] bytes = [.. new byte[ChunkHead.Bytes], .. Bytes(random, random.Next(0, DatagramFormat.MaxChunkBytes))];
                Hostile(random, sent, bytes.Length - ChunkHead.Bytes).Write(bytes);
                bytes[random.Next(ChunkHead.Bytes)] ^= (byte)(random.Next(3) == 0 ? 1 << random.Next(8) : 0);
                if (ChunkHead.TryRead(bytes, out ChunkHead head))
                {
                    courier.Take((head, bytes.AsSpan(ChunkHead.Bytes, head.ChunkBytes).ToArray()));
                }
            }

            Assert.All(courier.Taken.Values, chunk => Assert.InRange(chunk.Head.Offset, 0, chunk.Head.MessageBytes - chunk.Head.ChunkBytes));
            Assert.All(courier.Taken.Values, chunk => Assert.InRange(chunk.Head.Sequence, 0, courier.Incoming.Next + IncomingChunks.Width));
        }
    }

    [Theory]
    [InlineData(1, 1, 0, 30)]   // one member is no group
    [InlineData(9, 1, 0, 30)]   // too many
    [InlineData(3, 0, 0, 30)]   // at no distance
    [InlineData(8, 4, 4, 30)]   // past the message's end
    [InlineData(2, 1, 29, 30)]  // the same, and only the last member
    public void TryRead_ParityThatCannotBe_Refuses(byte members, byte distance, int at, int chunks)
    {
        ChunkHead first = new(at, FrameKind.PartialSum, new StageKey(1, 1, 0), 0, 0, at * 1280, chunks * 1280, 1280);
        Assert.True(ParityChunk.TryRead(ParityChunk.HeadOf(first with { Sequence = 0, Offset = 0 }, 3, 5), out _));
        Assert.False(ParityChunk.TryRead(ParityChunk.HeadOf(first, members, distance), out _));
    }

    [Fact]
    public void Take_ParityThatContradictsAChunk_IsNonsense()
    {
        ChunkCourier courier = new();
        List<(ChunkHead Head, byte[] Bytes)> sent = courier.Send(FrameKind.PartialSum, Bytes(new Random(1), 4 * 1280));
        Assert.All(sent.Skip(1), chunk => Assert.True(courier.Take(chunk)));
        (ChunkHead head, byte[] bytes) = courier.Parity(8).Single();
        Assert.False(courier.Take((head with { Key = new StageKey(1, 1, 1) }, bytes)));
    }

    [Fact]
    public void Take_ParityFurtherAheadThanASenderMayBe_IsNonsense()
    {
        ChunkHead head = new(IncomingChunks.Width - 1, FrameKind.PartialSum, new StageKey(1, 1, 0), 0, 0, 0, 4 * 1280, 1280);
        Assert.False(new ChunkCourier().Take((ParityChunk.HeadOf(head, 2, 1), new byte[1280])));
        Assert.True(new ChunkCourier().Take((ParityChunk.HeadOf(head with { Sequence = 0 }, 2, 1), new byte[1280])));
    }

    [Theory]
    [InlineData(8, 9, true)]
    [InlineData(5, 16, false)]
    public void Take_ParityOverMoreThanAWindow_IsNonsense(int members, int distance, bool expected)
    {
        ChunkCourier courier = new();
        List<(ChunkHead Head, byte[] Bytes)> sent = courier.Send(FrameKind.PartialSum, Bytes(new Random(1), 100 * 1280));
        Assert.All(sent.Take(10), chunk => Assert.True(courier.Take(chunk)));
        Assert.Equal(expected, courier.Take((ParityChunk.HeadOf(sent[0].Head, members, distance), new byte[1280])));
    }

    // Half of it near what an honest board would send.
    private static ChunkHead Hostile(Random random, List<(ChunkHead Head, byte[] Bytes)> sent, int bytes)
    {
        ChunkHead near = sent[random.Next(sent.Count)].Head;
        if (random.Next(2) == 0)
        {
            near = near with { ChunkBytes = bytes, Offset = random.Next(), MessageBytes = random.Next(), Sequence = random.NextInt64(-2, 200) };
        }

        return near with { ChunkBytes = bytes, Route = ChunkRoute.Parity, Copy = (byte)random.Next(11), Place = (byte)random.Next(random.Next(2) == 0 ? 5 : 256) };
    }

    private static long Pick(Random random, in ChunkHead head) => head.Sequence + random.Next(head.Copy) * head.Place;

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static void AssertAll(ChunkCourier courier, List<(ChunkHead Head, byte[] Bytes)> sent) => Assert.All(sent, chunk => AssertSame(courier, chunk));

    private static void AssertSame(ChunkCourier courier, (ChunkHead Head, byte[] Bytes) chunk)
    {
        Assert.True(courier.Taken.TryGetValue(chunk.Head.Sequence, out (ChunkHead Head, byte[] Bytes) taken), $"Chunk {chunk.Head.Sequence} is missing.");
        Assert.Equal(chunk.Head, taken.Head);
        Assert.True(chunk.Bytes.AsSpan().SequenceEqual(taken.Bytes), $"Chunk {chunk.Head.Sequence} differs.");
    }
}
