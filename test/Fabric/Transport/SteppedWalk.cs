using System.Runtime.InteropServices;
using Halo.Fabric.Stages;

namespace Halo.Fabric.Tests.Transport;

/// <summary>Boards that walk the steps of a <see cref="SteppedFabric"/> on threads of their own, whatever the transport.</summary>
internal static class SteppedWalk
{
    internal delegate void StageCheck(int board, long step, int stage, StageKey key, float[] residual, float[] expected);

    /// <param name="fabric">The boards.</param>
    /// <param name="steps">Steps to walk.</param>
    /// <param name="seed">Seed of the threads' yielding; 0 for none.</param>
    /// <param name="check">Sees every total.</param>
    /// <param name="done">Steps that were walked before.</param>
    /// <param name="isLast">Whether the fabric ends with them.</param>
    internal static void Run(SteppedFabric fabric, int steps, int seed, StageCheck check, long done = 0, bool isLast = true) => BoardThreads.Run(
        fabric.Size.BoardCount,
        board =>
        {
            Random random = new(seed * 100 + board);
            void MaybeYield()
            {
                if (seed != 0 && random.Next(4) == 0)
                {
                    Thread.Yield();
                }
            }

            for (long number = done + 1; number <= done + steps; number++)
            {
                long step = fabric.Begin(board, number);
                if (step == 0)
                {
                    return; // stopped: another board has the reason
                }

                Assert.Equal(number, step);
                int rows = SteppedFabric.Rows(step);
                float[] residual = [.. Enumerable.Range(0, rows * SteppedFabric.HiddenSize).Select(i => i * 0.37f)];
                float[] expected = [.. residual];
                for (int stage = 0; stage < fabric.Size.StageCount; stage++)
                {
                    StageKey key = new(1, step, stage);
                    MaybeYield();
                    fabric.Contribute(board, key, rows);
                    MaybeYield();
                    Assert.Equal(StageResult.Complete, fabric.Ends[board].Complete(key, residual));
                    fabric.AddExpected(key, expected);
                    check(board, step, stage, key, residual, expected);
                }

                fabric.WriteLogits(board, step, rows);
                MaybeYield();
                fabric.Ends[board].EndStep(step, ResidualChecksum.Of(residual));
                if (board == 0)
                {
                    Assert.Equal(StageResult.Complete, fabric.Ends[0].CompleteStep(step));
                    AssertLogits(fabric.Ends[0].GatheredLogits(rows), step, rows);
                }
            }
        },
        fabric.Stop,
        isLast);

    // Every third step one board gives up at some stage; everyone must notice, and the sums of the steps between must not suffer.
    internal static void WithAborts(SteppedFabric fabric, int board, int aborting, int steps)
    {
        for (long number = 1; number <= steps; number++)
        {
            long step = fabric.Begin(board, number);
            bool aborts = step % 3 == 0;
            int abortStage = (int)(step % fabric.Size.StageCount);
            int rows = SteppedFabric.Rows(step);
            float[] residual = new float[rows * SteppedFabric.HiddenSize];
            float[] expected = new float[rows * SteppedFabric.HiddenSize];
            bool whole = true;
            for (int stage = 0; whole && stage < fabric.Size.StageCount; stage++)
            {
                StageKey key = new(1, step, stage);
                if (aborts && board == aborting && stage == abortStage)
                {
                    fabric.Ends[board].Abort(step, $"board {board} at stage {stage}");
                }
                else
                {
                    fabric.Contribute(board, key, rows);
                }

                whole = fabric.Ends[board].Complete(key, residual) == StageResult.Complete;
                fabric.AddExpected(key, expected);
                Assert.True(!whole || expected.AsSpan().SequenceEqual(residual), $"Board {board}, step {step}, stage {stage}: the total differs.");
            }

            Assert.Equal(!aborts, whole);
            fabric.Ends[board].EndStep(step, 0);
            if (board == 0)
            {
                Assert.Equal(aborts ? StageResult.Aborted : StageResult.Complete, fabric.Ends[0].CompleteStep(step));
                Assert.Equal(aborts ? $"board {aborting} at stage {abortStage}" : null, fabric.Ends[0].AbortReason(step));
            }
        }
    }

    /// <summary>One step whose boards agree but for one, and what the head board says of it.</summary>
    internal static void WithOneOtherResidual(SteppedFabric fabric, int differing, string message)
    {
        BoardThreads.Run(
            fabric.Size.BoardCount,
            board =>
            {
                for (long step = 1; step <= 2; step++)
                {
                    fabric.Begin(board, step);
                    fabric.Ends[board].EndStep(step, step == 1 && board == differing ? 8UL : 7UL);
                    if (board == 0)
                    {
                        Assert.Equal(step == 1 ? StageResult.Aborted : StageResult.Complete, fabric.Ends[0].CompleteStep(step));
                        Assert.Equal(step == 1 ? message : null, fabric.Ends[0].AbortReason(step));
                    }
                }
            },
            fabric.Stop);
    }

    internal static void AssertLogits(ReadOnlySpan<float> logits, long step, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int token = 0; token < SteppedFabric.VocabularySize; token++)
            {
                Assert.Equal(SteppedFabric.Logit(token, step, row), logits[row * SteppedFabric.VocabularySize + token]);
            }
        }
    }

    internal static ReadOnlySpan<int> Bits(float[] values) => MemoryMarshal.Cast<float, int>(values);
}
