using System.Numerics.Tensors;
using Halo.Fabric.Stages;

namespace Halo.Fabric.Transport;

/// <summary>
/// The fabric between boards of one process: announcements, partial sums and logits lie in memory that all of them see. Nothing is copied
/// but the announcement; each board adds the others' partial sums where they are.
/// </summary>
public sealed class InProcessFabric
{
    // Progress counts stages over all steps: a step takes one slot for its begin, one a stage, one for its end.
    private readonly int _slotsPerStep;
    private readonly ProgressGate _progress;
    private readonly ProgressGate _announced;
    private readonly float[][] _partialSums; // per board and parity: (rows, hiddenSize); two parities, see PartialSum
    private readonly int[] _contributed;     // per board and parity: length, 0 = holds nothing of the stage
    private readonly byte[] _announcement;
    private readonly float[] _logits;        // (logitRows, vocabularySize)
    private readonly int _vocabularySize;
    private int _announcementLength;
    private long _announcementNumber;
    private long _abortedStep = -1;
    private string? _abortReason;

    /// <param name="size">Numbers of boards, stages and elements.</param>
    /// <param name="spin">Whether waiting may spin: only where each step thread has a core of its own.</param>
    public InProcessFabric(FabricSize size, bool spin)
    {
        _slotsPerStep = size.StageCount + 2;
        _progress = new ProgressGate(size.BoardCount, spin);
        _announced = new ProgressGate(1, spin);
        _partialSums = new float[size.BoardCount * 2][];
        for (int i = 0; i < _partialSums.Length; i++)
        {
            _partialSums[i] = GC.AllocateArray<float>(size.MaxRows * size.HiddenSize, pinned: true);
        }

        _contributed = new int[size.BoardCount * 2];
        _announcement = GC.AllocateArray<byte>(size.AnnouncementBytes, pinned: true);
        _logits = GC.AllocateArray<float>(size.MaxLogitRows * size.VocabularySize, pinned: true);
        _vocabularySize = size.VocabularySize;
        BoardCount = size.BoardCount;
    }

    /// <summary>Boards on this fabric.</summary>
    public int BoardCount { get; }

    /// <summary>The end of the fabric that one board uses.</summary>
    /// <param name="board">The board's place in the plan's order, from 0.</param>
    public ITransport Connect(int board)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(board);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(board, BoardCount);
        return new Endpoint(this, board);
    }

    private long Slot(in StageKey key) => key.StepNumber * _slotsPerStep + key.Stage + 1;

    private long EndSlot(long stepNumber) => stepNumber * _slotsPerStep + _slotsPerStep - 1;

    private sealed class Endpoint(InProcessFabric fabric, int board) : ITransport
    {
        private long _received;

        public void Announce(ReadOnlySpan<byte> announcement)
        {
            announcement.CopyTo(fabric._announcement);
            fabric._announcementLength = announcement.Length;
            fabric._announced.Raise(0, ++fabric._announcementNumber);
        }

        public ReadOnlySpan<byte> ReceiveAnnouncement()
        {
            long never = -1;
            return fabric._announced.Wait(0, 1, _received + 1, ref never, long.MaxValue) && !fabric._announced.IsStopped
                ? Received()
                : [];
        }

        // Two buffers in turn are enough: a board writes stage s + 2 only after all have contributed s + 1, and so have read s.
        public Span<float> PartialSum(in StageKey key, int length) => fabric._partialSums[Index(board, key)].AsSpan(0, length);

        public void Contribute(in StageKey key, int length)
        {
            fabric._contributed[Index(board, key)] = length;
            fabric._progress.Raise(board, fabric.Slot(key));
        }

        public StageResult Complete(in StageKey key, Span<float> residual)
        {
            bool reached = fabric._progress.Wait(0, fabric.BoardCount, fabric.Slot(key), ref fabric._abortedStep, key.StepNumber);
            if (!reached || Volatile.Read(ref fabric._abortedStep) >= key.StepNumber)
            {
                return StageResult.Aborted;
            }

            AddTotal(key, residual);
            return StageResult.Complete;
        }

        public Span<float> LogitBlock(int rows, int firstToken, int tokenCount, out int stride)
        {
            stride = fabric._vocabularySize;
            return rows == 0 ? [] : fabric._logits.AsSpan(firstToken, (rows - 1) * stride + tokenCount);
        }

        public void EndStep(long stepNumber) => fabric._progress.Raise(board, fabric.EndSlot(stepNumber));

        public StageResult CompleteStep(long stepNumber)
        {
            // An aborted step is waited for too: the buffers are free again only when every board has left it.
            long never = -1;
            bool reached = fabric._progress.Wait(0, fabric.BoardCount, fabric.EndSlot(stepNumber), ref never, long.MaxValue);
            return reached && Volatile.Read(ref fabric._abortedStep) < stepNumber ? StageResult.Complete : StageResult.Aborted;
        }

        public Span<float> GatheredLogits(int rows) => fabric._logits.AsSpan(0, rows * fabric._vocabularySize);

        public void Abort(long stepNumber, string reason)
        {
            lock (fabric._progress)
            {
                if (fabric._abortedStep < stepNumber)
                {
                    fabric._abortReason = reason;
                    Volatile.Write(ref fabric._abortedStep, stepNumber);
                }
            }

            fabric._progress.WakeParked();
        }

        public string? AbortReason(long stepNumber)
        {
            lock (fabric._progress)
            {
                return fabric._abortedStep == stepNumber ? fabric._abortReason : null;
            }
        }

        public void Stop()
        {
            fabric._progress.Stop();
            fabric._announced.Stop();
        }

        private static int Index(int board, in StageKey key) => board * 2 + (key.Stage & 1);

        private ReadOnlySpan<byte> Received()
        {
            _received++;
            return fabric._announcement.AsSpan(0, fabric._announcementLength);
        }

        // The total is built before it meets the residual, the same way on every board and every transport.
        private void AddTotal(in StageKey key, Span<float> residual)
        {
            Span<float> tile = stackalloc float[256];
            for (int start = 0; start < residual.Length; start += tile.Length)
            {
                Span<float> part = residual.Slice(start, Math.Min(tile.Length, residual.Length - start));
                Span<float> total = tile[..part.Length];
                total.Clear();
                for (int other = 0; other < fabric.BoardCount; other++)
                {
                    if (fabric._contributed[Index(other, key)] > 0)
                    {
                        TensorPrimitives.Add(total, fabric._partialSums[Index(other, key)].AsSpan(start, part.Length), total);
                    }
                }

                TensorPrimitives.Add(part, total, part);
            }
        }
    }
}
