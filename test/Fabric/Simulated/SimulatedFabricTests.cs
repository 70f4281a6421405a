using Halo.Fabric.Simulated;
using Halo.Fabric.Stages;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Tests.Simulated;

public sealed class SimulatedFabricTests
{
    private const int Stages = 12;

    [Fact]
    public void Complete_NothingLost_HasTheBitsOfAFabricWithoutLosses() => Assert.Equal(Walk(null), Walk(new SimulatedLoss { WireType = WireType.F32 }));

    [Fact]
    public void Complete_AllStagesCritical_IsExactWhateverIsLost() =>
        Assert.Equal(Walk(null), Walk(new SimulatedLoss { Loss = 0.9, WireType = WireType.F32, CriticalStages = [.. Enumerable.Range(0, Stages)] }));

    [Fact]
    public void Complete_AllBoardsCritical_IsExactWhateverIsLost() =>
        Assert.Equal(Walk(null), Walk(new SimulatedLoss { Loss = 0.9, WireType = WireType.F32, CriticalBoards = 4 }));

    [Fact]
    public void Complete_Losses_BoardsEndTheStepWithTheSameBitsButOthersThanWithout()
    {
        List<float[]> residuals = Walk(new SimulatedLoss { Loss = 0.3, WireType = WireType.F32 });
        Assert.All(Enumerable.Range(0, residuals.Count), i => Assert.Equal(residuals[i / 4 * 4], residuals[i]));
        Assert.NotEqual(Walk(null), residuals);
    }

    [Fact]
    public void Complete_LateSums_LeaveLessMissingThanLostOnes()
    {
        List<float[]> exact = Walk(null);
        double Distance(SimulatedLoss loss) => Walk(loss).Zip(exact).Sum(pair => pair.First.Zip(pair.Second).Sum(values => Math.Abs((double)values.First - values.Second)));
        SimulatedLoss lost = new() { Loss = 1, WireType = WireType.F32 };
        Assert.True(Distance(lost with { LateShare = 1 }) < 0.8 * Distance(lost));
    }

    [Fact]
    public void Complete_StandIn_TakesThePlaceOfWhatIsMissing()
    {
        Constant standIn = new();
        List<float[]> zero = Walk(new SimulatedLoss { Loss = 1, WireType = WireType.F32, CriticalStages = [11] });
        List<float[]> filled = Walk(new SimulatedLoss { Loss = 1, WireType = WireType.F32, CriticalStages = [11], Fill = StageFill.Mean }, standIn: standIn);
        Assert.NotEqual(zero, filled);
        Assert.True(standIn.Calls > 0);
    }

    [Fact]
    public void Create_FillWithoutStandIn_IsRefused() => Assert.Throws<ArgumentException>(() => Walk(new SimulatedLoss { Fill = StageFill.Mean }));

    // The residuals after each step, board by board.
    private static List<float[]> Walk(SimulatedLoss? loss, IStageStandIn? standIn = null)
    {
        using SteppedFabric fabric = new(4, Stages, connect: size =>
        {
            InProcessFabric shared = new(size, spin: false, losses: loss is null ? null : new SimulatedLosses(size, 0, loss, standIn));
            return [.. Enumerable.Range(0, 4).Select(shared.Connect)];
        });
        List<float[]> residuals = [];
        for (long step = 1; step <= 6; step++)
        {
            int rows = SteppedFabric.Rows(step);
            for (int board = 0; board < 4; board++)
            {
                fabric.Begin(board, step);
            }

            float[][] own = [.. Enumerable.Range(0, 4).Select(_ => new float[rows * SteppedFabric.HiddenSize])];
            for (int stage = 0; stage < Stages; stage++)
            {
                StageKey key = new(1, step, stage);
                for (int board = 0; board < 4; board++)
                {
                    fabric.Contribute(board, key, rows);
                }

                for (int board = 0; board < 4; board++)
                {
                    Assert.Equal(StageResult.Complete, fabric.Ends[board].Complete(key, own[board]));
                }
            }

            for (int board = 0; board < 4; board++)
            {
                fabric.WriteLogits(board, step, rows);
                fabric.Ends[board].EndStep(step, ResidualChecksum.Of(own[board]));
            }

            Assert.Equal(StageResult.Complete, fabric.Ends[0].CompleteStep(step));
            residuals.AddRange(own);
        }

        return residuals;
    }

    private sealed class Constant : IStageStandIn
    {
        internal int Calls { get; private set; }

        void IStageStandIn.Write(int stage, int board, ReadOnlySpan<float> residual, Span<float> sum)
        {
            Calls++;
            sum.Fill(1);
        }
    }
}
