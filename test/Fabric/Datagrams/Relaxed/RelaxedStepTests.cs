using Halo.Fabric.Datagrams;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Tests.Datagrams.Relaxed;

/// <summary>Relaxed steps in virtual time: who waits for what, what is filled, and how far boards may drift apart.</summary>
public sealed class RelaxedStepTests
{
    private const int Stages = 20;

    [Theory]
    [InlineData(Topology.Mesh, 2)]
    [InlineData(Topology.Mesh, 5)]
    [InlineData(Topology.Star, 4)]
    [InlineData(Topology.Auto, 3)]
    public void Complete_NothingLost_IsExact(Topology topology, int boards)
    {
        using VirtualFabric fabric = new(boards, Relaxed(topology), new Impairments(), stages: Stages);
        for (long step = 1; step <= 20; step++)
        {
            fabric.Walk(step);
        }

        Assert.All(fabric.Links, link => Assert.Equal((0, 0, 0), (link.FilledChunks, link.LateChunks, link.Drift)));
    }

    [Theory]
    [InlineData(WireType.F16)]
    [InlineData(WireType.Q8)]
    public void Complete_NothingLost_HasTheBitsOfProtected(WireType wire)
    {
        List<float[]> Residuals(DeliveryPolicy policy)
        {
            List<float[]> residuals = [];
            using VirtualFabric fabric = new(4, new DatagramOptions(Topology.Mesh, wire, policy), new Impairments(), stages: Stages);
            for (long step = 1; step <= 6; step++)
            {
                fabric.Walk(step, (_, _, residual) => residuals.Add(residual));
            }

            return residuals;
        }

        Assert.Equal(Residuals(DeliveryPolicy.Protected), Residuals(DeliveryPolicy.Relaxed));
    }

    [Theory]
    [InlineData(DeliveryPolicy.Protected)]
    [InlineData(DeliveryPolicy.Relaxed)]
    public void Complete_AllBoardsCritical_IsExactWhateverIsLost(DeliveryPolicy policy)
    {
        DatagramOptions options = new(Topology.Mesh, WireType.F32, policy) { CriticalBoards = 4 };
        using VirtualFabric fabric = new(4, options, new Impairments { Loss = 0.15, Duplication = 0.2, Reordering = 0.2 }, stages: Stages);
        for (long step = 1; step <= 30; step++)
        {
            fabric.Walk(step);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Complete_MeshWithLossAndNoCriticalStages_AfterTheLastStageDiffersByThatStageAlone(int seed)
    {
        DatagramOptions options = Relaxed(Topology.Mesh) with { MaxCopies = 1, CriticalStages = [] };
        using VirtualFabric fabric = new(4, options, new Impairments { Loss = 0.2 }, seed, Stages);
        for (long step = 1; step <= 20; step++)
        {
            Dictionary<int, float[]> residuals = [];
            fabric.Walk(step, (board, _, residual) => residuals[board] = residual);
            StageKey last = new(1, step, Stages - 1);
            for (int i = 0; i < residuals[0].Length; i++)
            {
                double most = Enumerable.Range(1, 3).Where(board => SteppedFabric.Holds(board, step, last.Stage))
                    .Sum(board => Math.Abs((double)SteppedFabric.Value(board, step, last.Stage, i)));
                Assert.All(residuals.Values, residual => Assert.InRange(Math.Abs(residual[i] - residuals[0][i]), 0, most * 1.001 + 0.01));
            }
        }

        Assert.True(fabric.Links.Sum(link => link.FilledChunks) > 100, "So many losses must leave holes.");
        Assert.Contains(fabric.Ends[2].Statistics(), link => link is { Board: "b0", Drift: > 0 });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Complete_MeshWithLoss_BoardsEndTheStepWithTheSameBits(int seed)
    {
        DatagramOptions options = Relaxed(Topology.Mesh) with { MaxCopies = 1 };
        using VirtualFabric fabric = new(4, options, new Impairments { Loss = 0.2 }, seed, Stages);
        for (long step = 1; step <= 20; step++)
        {
            fabric.Walk(step, (_, _, _) => { }); // the fabric compares checksums
        }

        Assert.True(fabric.Links.Sum(link => link.FilledChunks) > 100, "So many losses must leave holes.");
        Assert.Contains(fabric.Ends[2].Statistics(), link => link is { Board: "b0", Drift: > 0 });
    }

    [Fact]
    public void Complete_CriticalStages_AreExactWhateverIsLost()
    {
        DatagramOptions options = Relaxed(Topology.Mesh) with { MaxCopies = 1, CriticalStages = [.. Enumerable.Range(0, Stages)] };
        using VirtualFabric fabric = new(4, options, new Impairments { Loss = 0.2 }, stages: Stages);
        for (long step = 1; step <= 20; step++)
        {
            fabric.Walk(step);
        }

        Assert.Equal(0, fabric.Links.Sum(link => link.FilledChunks));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Complete_StarWithLoss_AllBoardsHoldTheSameBits(int seed)
    {
        DatagramOptions options = Relaxed(Topology.Star) with { MaxCopies = 1 };
        using VirtualFabric fabric = new(4, options, new Impairments { Loss = 0.2 }, seed, Stages);
        for (long step = 1; step <= 20; step++)
        {
            float[]? first = null;
            fabric.Walk(step, (_, _, residual) =>
            {
                first ??= residual;
                Assert.True(SteppedWalk.Bits(first).SequenceEqual(SteppedWalk.Bits(residual)), $"Step {step}: the boards differ.");
            });
        }

        Assert.True(fabric.Links.Sum(link => link.FilledChunks) > 20, "So many losses must leave holes.");
    }

    [Fact]
    public void Contribute_SumsOfManyRows_AreExactEvenRelaxed()
    {
        const int hidden = 4096;
        const int rows = 40;
        using VirtualFabric fabric = new(
            3, Relaxed(Topology.Mesh), new Impairments { Loss = 0.05 }, size: given => given with { MaxRows = rows, HiddenSize = hidden });
        StageKey key = new(1, 1, 0);
        foreach (DatagramTransport end in fabric.Ends)
        {
            end.PartialSum(key, rows * hidden).Fill(1.5f);
            end.Contribute(key, rows * hidden);
        }

        foreach (DatagramTransport end in fabric.Ends)
        {
            float[] residual = new float[rows * hidden];
            Assert.Equal(StageResult.Complete, end.Complete(key, residual));
            Assert.False(residual.AsSpan().ContainsAnyExcept(4.5f));
        }
    }

    private static DatagramOptions Relaxed(Topology topology) => new(topology, WireType.F32, DeliveryPolicy.Relaxed);
}
