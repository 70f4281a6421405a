using Halo.Fabric.Datagrams;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Steps that do not go as most do, in virtual time.</summary>
public sealed class VirtualStepTests
{
    [Theory]
    [InlineData(Topology.Mesh, 0)]
    [InlineData(Topology.Mesh, 2)]
    [InlineData(Topology.Star, 0)]
    [InlineData(Topology.Star, 1)]
    public void Abort_WithLoss_EndsTheStepOnAllAndTheNextIsRight(Topology topology, int aborting)
    {
        using VirtualFabric fabric = new(3, new DatagramOptions(topology), new Impairments { Loss = 0.2, Reordering = 0.2, Duplication = 0.2 });
        for (long step = 1; step <= 60; step++)
        {
            if (step % 2 == 0)
            {
                fabric.Walk(step);
                continue;
            }

            AbortOne(fabric.Fabric, step, aborting);
        }
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public void Contribute_SumsOfManyWindows_AreWholeOnAll(Topology topology)
    {
        const int hidden = 4096;
        const int rows = 40;
        using VirtualFabric fabric = new(
            3, new DatagramOptions(topology), new Impairments { Loss = 0.05 }, size: given => given with { MaxRows = rows, HiddenSize = hidden });
        StageKey key = new(1, 1, 0);
        foreach (ITransport end in fabric.Ends)
        {
            end.PartialSum(key, rows * hidden).Fill(1.5f);
            end.Contribute(key, rows * hidden);
        }

        foreach (ITransport end in fabric.Ends)
        {
            float[] residual = new float[rows * hidden];
            Assert.Equal(StageResult.Complete, end.Complete(key, residual));
            Assert.False(residual.AsSpan().ContainsAnyExcept(4.5f));
        }
    }

    [Fact]
    public void Announce_OfManyDatagramsWithLoss_IsReceivedWhole()
    {
        using VirtualFabric fabric = new(
            3, new DatagramOptions(), new Impairments { Loss = 0.1 }, size: given => given with { AnnouncementBytes = 200_000 });
        byte[] announcement = new byte[200_000];
        new Random(1).NextBytes(announcement);
        fabric.Ends[0].Announce(9, announcement);
        foreach (DatagramTransport end in fabric.Ends.Skip(1))
        {
            Assert.True(end.ReceiveAnnouncement(out long step).SequenceEqual(announcement));
            Assert.Equal(9, step);
        }
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public void CompleteStep_BoardWithAnotherResidual_GivesTheStepUpAndNamesIt(Topology topology)
    {
        using VirtualFabric fabric = new(3, new DatagramOptions(topology), new Impairments());
        for (int board = 0; board < 3; board++)
        {
            fabric.Fabric.Begin(board, 1);
            fabric.Ends[board].EndStep(1, board == 2 ? 8UL : 7UL);
        }

        Assert.Equal(StageResult.Aborted, fabric.Ends[0].CompleteStep(1));
        Assert.StartsWith("Board b2 ended step 1 with another residual", fabric.Ends[0].AbortReason(1), StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_OfALossyLink_TellItsLossAndProtection()
    {
        using VirtualFabric fabric = new(2, new DatagramOptions(), new Impairments { Loss = 0.05, Delay = 2_000 });
        for (long step = 1; step <= 400; step++)
        {
            fabric.Walk(step);
        }

        LinkStatistics link = fabric.Ends[0].Statistics().Single();
        Assert.Equal("b1", link.Board);
        Assert.InRange(link.IncomingLossWindow, 0.03, 0.07);
        Assert.InRange(link.OutgoingLoss, 0.02, 0.08);
        Assert.Equal((0, 0), (link.OutgoingIncastLoss, link.IncomingIncastLoss));
        Assert.InRange(link.RoundTrip.TotalMilliseconds, 3.5, 6);
        Assert.InRange(link.Copies, 2, 3);
        Assert.True(link.CopiedChunks > link.ResentChunks, $"{link.CopiedChunks} copies, {link.ResentChunks} resent.");
    }

    [Fact]
    public void Statistics_OfALossyLinkOnDearAir_TellNoCopies()
    {
        DatagramOptions options = new() { AirTimePerFrame = TimeSpan.FromMilliseconds(5) };
        using VirtualFabric fabric = new(2, options, new Impairments { Loss = 0.05, Delay = 2_000 });
        for (long step = 1; step <= 60; step++)
        {
            fabric.Walk(step);
        }

        Assert.All(fabric.Links, link => Assert.True(link.OutgoingLoss > 0));
        Assert.All(fabric.Links, link => Assert.Equal((1, 0), (link.Copies, link.ParityChunks)));
    }

    // One board gives the step up at some stage, the others notice where they are.
    private static void AbortOne(SteppedFabric fabric, long step, int aborting)
    {
        int boards = fabric.Size.BoardCount;
        for (int board = 0; board < boards; board++)
        {
            fabric.Begin(board, step);
        }

        int abortStage = (int)(step / 2 % fabric.Size.StageCount);
        float[][] residuals = [.. Enumerable.Range(0, boards).Select(_ => new float[SteppedFabric.Rows(step) * SteppedFabric.HiddenSize])];
        for (int stage = 0; stage <= abortStage; stage++)
        {
            StageKey key = new(1, step, stage);
            for (int board = 0; board < boards; board++)
            {
                if (board == aborting && stage == abortStage)
                {
                    fabric.Ends[board].Abort(step, $"board {board} gave up");
                }
                else
                {
                    fabric.Contribute(board, key, SteppedFabric.Rows(step));
                }
            }

            for (int board = 0; board < boards; board++)
            {
                Assert.Equal(stage == abortStage ? StageResult.Aborted : StageResult.Complete, fabric.Ends[board].Complete(key, residuals[board]));
            }
        }

        for (int board = 0; board < boards; board++)
        {
            Assert.Equal($"board {aborting} gave up", fabric.Ends[board].AbortReason(step));
            fabric.Ends[board].EndStep(step, 0);
        }

        Assert.Equal(StageResult.Aborted, fabric.Ends[0].CompleteStep(step));
    }
}
