using System.Numerics.Tensors;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Tests.Transport;

/// <summary>
/// A fabric whose boards walk steps as step threads do, over made-up partial sums: board d's sum of a stage is a fixed function of step, stage and
/// element, and some boards hold no shard of some stages. Board 0 is the head board.
/// </summary>
internal sealed class SteppedFabric : IDisposable
{
    internal const int HiddenSize = 350; // with 3 rows no multiple of the 256 floats that are added at a time
    internal const int VocabularySize = 97;

    internal SteppedFabric(int boardCount, int stageCount = 4, bool spin = false, Func<FabricSize, IReadOnlyList<ITransport>>? connect = null)
    {
        Size = new FabricSize
        {
            BoardCount = boardCount,
            StageCount = stageCount,
            MaxRows = 3,
            MaxLogitRows = 3,
            HiddenSize = HiddenSize,
            VocabularySize = VocabularySize,
            AnnouncementBytes = 64,
        };
        Ends = connect is null ? InProcess(Size, spin) : connect(Size);
    }

    internal FabricSize Size { get; }

    internal IReadOnlyList<ITransport> Ends { get; }

    internal static int Rows(long step) => (int)(step % 3) + 1;

    /// <summary>Whether a board has a shard of a stage; nobody may have one.</summary>
    internal static bool Holds(int board, long step, int stage) => Mix(board, step, stage, -1) % 4 != 0;

    internal static float Value(int board, long step, int stage, int element) =>
        (float)((Mix(board, step, stage, element) % 2_000_003) / 1_000_001.0 - 1) * (1 << (board % 3 * 6));

    internal static float Logit(int token, long step, int row) => token + 1000 * row + step % 7 * 0.125f;

    /// <summary>Head board: announces a step; others: receive it. Returns the step's number; 0 after the fabric was stopped.</summary>
    internal long Begin(int board, long step)
    {
        if (board == 0)
        {
            Ends[0].Announce(step, BitConverter.GetBytes(step));
            return step;
        }

        ReadOnlySpan<byte> announcement = Ends[board].ReceiveAnnouncement(out long number);
        Assert.Equal(announcement.IsEmpty ? 0 : BitConverter.ToInt64(announcement), number);
        return number;
    }

    internal void Contribute(int board, StageKey key, int rows)
    {
        if (!Holds(board, key.StepNumber, key.Stage))
        {
            Ends[board].ContributeNothing(key, rows * HiddenSize);
            return;
        }

        Span<float> sum = Ends[board].PartialSum(key, rows * HiddenSize);
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] = Value(board, key.StepNumber, key.Stage, i);
        }

        Ends[board].Contribute(key, sum.Length);
    }

    /// <summary>Each board's tokens: blocks of three in turn, so that a board has several with gaps between.</summary>
    internal void WriteLogits(int board, long step, int rows)
    {
        for (int first = board * 3; first < VocabularySize; first += 3 * Size.BoardCount)
        {
            int count = Math.Min(3, VocabularySize - first);
            Span<float> block = Ends[board].LogitBlock(rows, first, count, out int stride);
            for (int row = 0; row < rows; row++)
            {
                for (int token = 0; token < count; token++)
                {
                    block[row * stride + token] = Logit(first + token, step, row);
                }
            }
        }
    }

    /// <summary>What a stage must add to the residual: the sums in the order of the boards, then the residual.</summary>
    internal void AddExpected(StageKey key, Span<float> residual)
    {
        float[] total = new float[residual.Length];
        for (int board = 0; board < Size.BoardCount; board++)
        {
            for (int i = 0; i < total.Length && Holds(board, key.StepNumber, key.Stage); i++)
            {
                total[i] += Value(board, key.StepNumber, key.Stage, i);
            }
        }

        TensorPrimitives.Add(residual, total, residual);
    }

    public void Dispose()
    {
        foreach (ITransport end in Ends)
        {
            end.Dispose();
        }
    }

    internal void Stop()
    {
        foreach (ITransport end in Ends)
        {
            end.Stop();
        }
    }

    private static List<ITransport> InProcess(FabricSize size, bool spin)
    {
        InProcessFabric fabric = new(size, spin, [.. Enumerable.Range(0, size.BoardCount).Select(board => $"b{board}")]);
        return [.. Enumerable.Range(0, size.BoardCount).Select(fabric.Connect)];
    }

    private static ulong Mix(int board, long step, int stage, int element)
    {
        // SplitMix64's finisher over the packed arguments.
        ulong x = (ulong)step * 0x9E3779B97F4A7C15 + (ulong)(uint)board * 0xBF58476D1CE4E5B9 + (ulong)(uint)stage * 0x94D049BB133111EB + (ulong)(uint)element;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
