using Halo.Fabric.Stages;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Tests.Transport;

public sealed class InProcessFabricTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(5, false)]
    [InlineData(8, false)]
    [InlineData(8, true)]
    public void Complete_OnEveryBoard_AddsTheSumsInBoardOrderBitForBit(int boards, bool spin)
    {
        const int steps = 60;
        SteppedFabric fabric = new(boards, spin: spin);
        SteppedWalk.Run(fabric, steps, seed: 0, (board, step, stage, key, residual, expected) =>
            Assert.True(SteppedWalk.Bits(expected).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step}, stage {stage}: the total differs."));
    }

    [Theory]
    [InlineData(2, 3000, 11)]
    [InlineData(4, 1200, 12)]
    [InlineData(7, 500, 13)]
    public void Complete_ThousandsOfStepsWithRandomYields_StaysRight(int boards, int steps, int seed)
    {
        SteppedFabric fabric = new(boards, stageCount: 6);
        SteppedWalk.Run(fabric, steps, seed, (board, step, stage, key, residual, expected) =>
            Assert.True(SteppedWalk.Bits(expected).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step}, stage {stage}: the total differs."));
    }

    [Fact]
    public void CompleteStep_BoardWithAnotherResidual_GivesTheStepUpAndNamesIt()
    {
        using SteppedFabric fabric = new(3);
        SteppedWalk.WithOneOtherResidual(
            fabric,
            2,
            "Board b2 ended step 1 with another residual than the head board b0: one of the two computes wrongly. "
            + "Install the same version on both and check their memory.");
    }

    [Fact]
    public void Complete_NoBoardHoldsAShard_LeavesTheResidual()
    {
        SteppedFabric fabric = new(2);
        StageKey key = new(1, 1, 0);
        fabric.Ends[0].ContributeNothing(key, SteppedFabric.HiddenSize);
        fabric.Ends[1].ContributeNothing(key, SteppedFabric.HiddenSize);
        float[] residual = [.. Enumerable.Range(0, SteppedFabric.HiddenSize).Select(i => (float)i)];
        float[] before = [.. residual];
        Assert.Equal(StageResult.Complete, fabric.Ends[1].Complete(key, residual));
        Assert.Equal(before, residual);
    }

    // One thread may carry several boards: all contribute, then all complete.
    [Fact]
    public void Complete_AllBoardsOnOneThread_NeverWaits()
    {
        SteppedFabric fabric = new(3);
        float[] residual = new float[SteppedFabric.HiddenSize];
        float[] expected = new float[SteppedFabric.HiddenSize];
        for (long step = 3; step <= 60; step += 3)
        {
            for (int stage = 0; stage < fabric.Size.StageCount; stage++)
            {
                StageKey key = new(1, step, stage);
                for (int board = 0; board < 3; board++)
                {
                    fabric.Contribute(board, key, rows: 1);
                }

                Array.Clear(expected);
                fabric.AddExpected(key, expected);
                for (int board = 0; board < 3; board++)
                {
                    Array.Clear(residual);
                    Assert.Equal(StageResult.Complete, fabric.Ends[board].Complete(key, residual));
                    Assert.Equal(expected, residual);
                }
            }

            for (int board = 2; board >= 0; board--)
            {
                fabric.Ends[board].EndStep(step, 0);
            }

            Assert.Equal(StageResult.Complete, fabric.Ends[0].CompleteStep(step));
        }
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 0)]
    [InlineData(5, 4)]
    public void Abort_ByOneBoard_EndsTheStepForAllAndTheNextWorks(int boards, int aborting)
    {
        const int steps = 200;
        SteppedFabric fabric = new(boards);
        BoardThreads.Run(boards, board => SteppedWalk.WithAborts(fabric, board, aborting, steps), fabric.Stop);
    }

    [Fact]
    public void Abort_Twice_KeepsTheFirstReason()
    {
        SteppedFabric fabric = new(2);
        fabric.Ends[1].Abort(3, "first");
        fabric.Ends[0].Abort(3, "second");
        fabric.Ends[0].Abort(2, "late");
        Assert.Equal("first", fabric.Ends[0].AbortReason(3));
        Assert.Null(fabric.Ends[0].AbortReason(2));
        Assert.Null(fabric.Ends[0].AbortReason(4));
    }

    [Fact]
    public void Stop_WhileAllWait_EndsEveryWait()
    {
        // Board 3 never contributes, board 2 never receives a step, board 0 waits for the end of one.
        SteppedFabric fabric = new(4);
        float[] residual = new float[SteppedFabric.HiddenSize];
        BoardThreads.Run(
            4,
            board =>
            {
                switch (board)
                {
                    case 0:
                        Assert.Equal(StageResult.Aborted, fabric.Ends[0].CompleteStep(1));
                        break;
                    case 1:
                        fabric.Contribute(1, new StageKey(1, 1, 0), 1);
                        Assert.Equal(StageResult.Aborted, fabric.Ends[1].Complete(new StageKey(1, 1, 0), residual));
                        break;
                    case 2:
                        Assert.True(fabric.Ends[2].ReceiveAnnouncement(out _).IsEmpty);
                        break;
                    default:
                        fabric.Ends[3].Stop();
                        break;
                }
            },
            () => { });
        Assert.Null(fabric.Ends[0].AbortReason(1));
        Assert.True(fabric.Ends[1].ReceiveAnnouncement(out _).IsEmpty);
    }

    [Fact]
    public void GatheredLogits_BlocksOfSeveralBoards_LieAtTheirTokens()
    {
        SteppedFabric fabric = new(3);
        for (int board = 0; board < 3; board++)
        {
            fabric.WriteLogits(board, step: 5, rows: 3);
        }

        Span<float> logits = fabric.Ends[0].GatheredLogits(3);
        Assert.Equal(3 * SteppedFabric.VocabularySize, logits.Length);
        SteppedWalk.AssertLogits(logits, step: 5, rows: 3);
    }

    [Fact]
    public void LogitBlock_NoRows_IsEmpty()
    {
        SteppedFabric fabric = new(1);
        Assert.True(fabric.Ends[0].LogitBlock(0, 90, 7, out int stride).IsEmpty);
        Assert.Equal(SteppedFabric.VocabularySize, stride);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void Connect_OfNoSuchBoard_Throws(int board)
    {
        InProcessFabric fabric = new(new SteppedFabric(2).Size, spin: false);
        Assert.Throws<ArgumentOutOfRangeException>(() => fabric.Connect(board));
    }

    [Fact]
    public void Step_AfterWarmUp_AllocatesNothing()
    {
        SteppedFabric fabric = new(2);
        float[] residual = new float[SteppedFabric.HiddenSize];
        byte[] announcement = new byte[8];
        long[] allocated = [-1, -1];
        BoardThreads.Run(
            2,
            board =>
            {
                ITransport end = fabric.Ends[board];
                long before = 0;
                for (long step = 1; step <= 3000; step++)
                {
                    before = step == 100 ? GC.GetAllocatedBytesForCurrentThread() : before;
                    if (board == 0)
                    {
                        end.Announce(step, announcement);
                    }
                    else if (end.ReceiveAnnouncement(out _).IsEmpty)
                    {
                        return;
                    }

                    float[] mine = board == 0 ? residual : s_otherResidual;
                    for (int stage = 0; stage < fabric.Size.StageCount; stage++)
                    {
                        StageKey key = new(1, step, stage);
                        end.PartialSum(key, SteppedFabric.HiddenSize).Fill(1);
                        end.Contribute(key, SteppedFabric.HiddenSize);
                        end.Complete(key, mine);
                    }

                    end.LogitBlock(1, 0, 10, out _).Fill(2);
                    end.EndStep(step, 0);
                    if (board == 0)
                    {
                        end.CompleteStep(step);
                        end.GatheredLogits(1)[0] = 0;
                    }
                }

                allocated[board] = GC.GetAllocatedBytesForCurrentThread() - before;
            },
            fabric.Stop);
        Assert.Equal([0, 0], allocated);
    }

    private static readonly float[] s_otherResidual = new float[SteppedFabric.HiddenSize];
}
