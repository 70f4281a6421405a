using System.Net.Sockets;
using System.Text;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Tests.Streams;

public sealed class StreamTransportTests
{
    [Theory]
    [InlineData(1, Topology.Mesh)]
    [InlineData(2, Topology.Mesh)]
    [InlineData(5, Topology.Mesh)]
    [InlineData(2, Topology.Star)]
    [InlineData(5, Topology.Star)]
    public void Complete_F32_AddsTheSumsInBoardOrderBitForBit(int boards, Topology topology)
    {
        using SteppedFabric fabric = Fabric(boards, topology, WireType.F32);
        SteppedWalk.Run(fabric, 40, seed: 7, (board, step, stage, key, residual, expected) => Assert.True(
            SteppedWalk.Bits(expected).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step}, stage {stage}: the total differs."));
    }

    [Theory]
    [InlineData(Topology.Mesh, WireType.F16)]
    [InlineData(Topology.Mesh, WireType.Q8)]
    [InlineData(Topology.Star, WireType.F16)]
    [InlineData(Topology.Star, WireType.Q8)]
    public void Complete_RoundedWire_LeavesAllBoardsWithTheSameBits(Topology topology, WireType wireType)
    {
        const int boards = 4;
        const int steps = 30;
        using SteppedFabric fabric = Fabric(boards, topology, wireType);
        Dictionary<(long, int), float[]> first = [];
        int compared = 0;
        SteppedWalk.Run(fabric, steps, seed: 8, (board, step, stage, key, residual, expected) =>
        {
            lock (first)
            {
                if (first.TryGetValue((step, stage), out float[]? others))
                {
                    Assert.True(SteppedWalk.Bits(others).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step}, stage {stage} differs.");
                    compared++;
                }
                else
                {
                    first.Add((step, stage), [.. residual]);
                }
            }
        });
        Assert.Equal(steps * fabric.Size.StageCount * (boards - 1), compared);
    }

    [Theory]
    [InlineData(Topology.Mesh, 0)]
    [InlineData(Topology.Mesh, 2)]
    [InlineData(Topology.Star, 0)]
    [InlineData(Topology.Star, 1)]
    public void Abort_ByOneBoard_EndsTheStepOnAllAndTheNextIsRight(Topology topology, int aborting)
    {
        using SteppedFabric fabric = Fabric(3, topology, WireType.F32);
        BoardThreads.Run(3, board => SteppedWalk.WithAborts(fabric, board, aborting, 30), fabric.Stop);
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public void Dispose_OfOneBoard_EndsTheOthersStepsAndNamesIt(Topology topology)
    {
        using SteppedFabric fabric = Fabric(3, topology, WireType.F32);
        fabric.Ends[0].Announce(1, BitConverter.GetBytes(1L));
        StageKey key = new(1, 1, 0);
        fabric.Contribute(0, key, 1);
        fabric.Ends[2].Dispose();
        Assert.Equal(StageResult.Aborted, fabric.Ends[0].Complete(key, new float[SteppedFabric.HiddenSize]));
        fabric.Ends[0].EndStep(1, 0);
        Assert.Equal(StageResult.Aborted, fabric.Ends[0].CompleteStep(1));
        Assert.Contains("b2", fabric.Ends[0].AbortReason(1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public void CompleteStep_BoardWithAnotherResidual_GivesTheStepUpAndNamesIt(Topology topology)
    {
        using SteppedFabric fabric = Fabric(3, topology, WireType.F32);
        SteppedWalk.WithOneOtherResidual(
            fabric,
            2,
            "Board b2 ended step 1 with another residual than the head board b0: one of the two computes wrongly. "
            + "Install the same version on both and check their memory.");
    }

    [Fact]
    public void Receive_GarbageFromAPeer_CutsItOffAndNamesIt()
    {
        foreach (byte[] garbage in Garbage())
        {
            (Socket ours, Socket theirs) = LoopbackStreams.LoopbackPair();
            using Socket peer = theirs;
            FabricSize size = new SteppedFabric(2).Size;
            using StreamTransport head = new(0, 0, ["b0", "b1"], [null, new StreamConnection(ours, null)], size, new StreamOptions(), spin: false);
            StageKey key = new(1, 1, 0);
            head.ContributeNothing(key, SteppedFabric.HiddenSize);
            peer.Send(garbage);
            Assert.Equal(StageResult.Aborted, head.Complete(key, new float[SteppedFabric.HiddenSize]));
            Assert.Contains("b1", head.AbortReason(1), StringComparison.Ordinal);
        }
    }

    private static IEnumerable<byte[]> Garbage()
    {
        yield return Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: somebody-else\r\n\r\n");
        StageKey key = new(1, 1, 0);
        yield return Frame(new StreamFrame(FrameKind.PartialSum, int.MaxValue, key, 4, 0), 0);
        yield return Frame(new StreamFrame(FrameKind.PartialSum, -1, key, 4, 0), 0);
        yield return Frame(new StreamFrame(FrameKind.PartialSum, 16, key, int.MaxValue, 0), 16);
        yield return Frame(new StreamFrame(FrameKind.PartialSum, 16, key, 5, 0), 16);
        yield return Frame(new StreamFrame(FrameKind.PartialSum, 16, key with { Stage = -1 }, 4, 0), 16);
        yield return Frame(new StreamFrame(FrameKind.PartialSum, 16, key with { Stage = 99 }, 4, 0), 16);
        yield return Frame(new StreamFrame(FrameKind.Logits, 16, key, 4, 95), 16);
        yield return Frame(new StreamFrame(FrameKind.Logits, 16, key, 4, -1), 16);
        yield return Frame(new StreamFrame(FrameKind.Logits, 16, key, 0, 0), 16);
        yield return Frame(new StreamFrame(FrameKind.Logits, 16, key with { Stage = 3 }, 4, 0), 16);
        yield return Frame(new StreamFrame(FrameKind.Logits, 16, key with { Stage = int.MinValue }, 4, 0), 16);
        yield return Frame(new StreamFrame(FrameKind.EndStep, 7, key, 0, 0), 7);
        yield return Frame(new StreamFrame(FrameKind.Lost, 0, key, 0, 2), 0);
        yield return Frame(new StreamFrame(FrameKind.Lost, 0, key, 0, -1), 0);
        yield return Frame(new StreamFrame(FrameKind.Announcement, 4, key, 0, 0), 4);
        yield return Frame(new StreamFrame(FrameKind.Total, 16, key, 4, 0), 16);
    }

    private static byte[] Frame(StreamFrame frame, int payloadBytes)
    {
        byte[] bytes = new byte[StreamFrame.Bytes + payloadBytes];
        frame.Write(bytes);
        return bytes;
    }

    private static SteppedFabric Fabric(int boards, Topology topology, WireType wireType) => new(
        boards,
        connect: size => LoopbackStreams.Connect(
            [.. Enumerable.Range(0, size.BoardCount).Select(board => $"b{board}")], 0, size, new StreamOptions(topology, wireType)));
}
