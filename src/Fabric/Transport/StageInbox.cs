using System.Numerics.Tensors;
using Halo.Fabric.Stages;

namespace Halo.Fabric.Transport;

/// <summary>
/// Where partial sums lie until all boards have read them, and how far each board has come. Boards of one process share one inbox; a board
/// on a network has its own, which its receivers fill.
/// </summary>
internal sealed class StageInbox
{
    private const long NoStep = -1;

    private readonly int _boardCount;

    // Progress counts stages over all steps: a step takes one slot for its begin, one a stage, one for its end.
    private readonly int _slotsPerStep;
    private readonly ProgressGate _progress;
    private readonly float[][] _partialSums; // per board and parity: (rows, hiddenSize); two parities, see Buffer
    private readonly int[] _lengths;         // per board and parity: floats contributed, 0 = the board holds no shard of the stage
    private readonly ulong[] _checksums;     // per board: of its residual at the end of the step
    private readonly Lock _abortGate = new();
    private long _abortedStep = NoStep;
    private string? _abortReason;
    private string? _failure;

    /// <param name="size">Sizes of buffers.</param>
    /// <param name="spin">Whether waiting may spin.</param>
    /// <param name="pump">Fills the inbox while a thread waits; null where other threads fill it.</param>
    internal StageInbox(FabricSize size, bool spin, IProgressPump? pump = null)
    {
        _boardCount = size.BoardCount;
        _slotsPerStep = size.StageCount + 2;
        _progress = new ProgressGate(size.BoardCount, spin, pump);
        _partialSums = new float[size.BoardCount * 2][];
        for (int i = 0; i < _partialSums.Length; i++)
        {
            _partialSums[i] = GC.AllocateArray<float>(size.MaxRows * size.HiddenSize, pinned: true);
        }

        _lengths = new int[size.BoardCount * 2];
        _checksums = new ulong[size.BoardCount];
    }

    /// <summary>Whether all waits have ended for good: the fabric was stopped, or a board is lost.</summary>
    internal bool IsStopped => _progress.IsStopped;

    /// <summary>
    /// Where a board's partial sum belongs. Two buffers in turn are enough: a board writes stage s + 2 only after all have contributed s + 1,
    /// and so have read s.
    /// </summary>
    internal Span<float> Buffer(int board, in StageKey key, int length) => _partialSums[Index(board, key)].AsSpan(0, length);

    /// <summary>Says that a board's partial sum is in its buffer.</summary>
    internal void Arrived(int board, in StageKey key, int length)
    {
        _lengths[Index(board, key)] = length;
        _progress.Raise(board, Slot(key));
    }

    /// <summary>Waits for boards [first, end) and adds the sum of what they contributed to the residual.</summary>
    internal StageResult Complete(in StageKey key, int first, int end, Span<float> residual)
    {
        if (!Wait(key, first, end))
        {
            return StageResult.Aborted;
        }

        // The total is built before it meets the residual, the same way on every board and every transport.
        Span<float> tile = stackalloc float[256];
        for (int start = 0; start < residual.Length; start += tile.Length)
        {
            Span<float> part = residual.Slice(start, Math.Min(tile.Length, residual.Length - start));
            Span<float> total = tile[..part.Length];
            Sum(key, first, end, start, total);
            TensorPrimitives.Add(part, total, part);
        }

        return StageResult.Complete;
    }

    /// <summary>Waits for boards [first, end); false where the step was given up.</summary>
    internal bool Wait(in StageKey key, int first, int end) =>
        _progress.Wait(first, end, Slot(key), ref _abortedStep, key.StepNumber) && !IsAborted(key.StepNumber);

    /// <summary>total[i] = p_first[start + i] + ... + p_(end-1)[start + i], in this order; boards without a part are left out.</summary>
    internal void Sum(in StageKey key, int first, int end, int start, Span<float> total)
    {
        total.Clear();
        for (int board = first; board < end; board++)
        {
            int index = Index(board, key);
            if (_lengths[index] > 0)
            {
                TensorPrimitives.Add(total, _partialSums[index].AsSpan(start, total.Length), total);
            }
        }
    }

    /// <summary>A part of what a board contributed to a stage; empty where it holds no shard of it.</summary>
    internal ReadOnlySpan<float> Contribution(int board, in StageKey key, int start, int length)
    {
        int index = Index(board, key);
        return _lengths[index] > 0 ? _partialSums[index].AsSpan(start, length) : [];
    }

    /// <summary>Says that a board has let go of a step, and what its residual is at the end.</summary>
    internal void EndStep(int board, long stepNumber, ulong residualChecksum)
    {
        _checksums[board] = residualChecksum;
        _progress.Raise(board, EndSlot(stepNumber));
    }

    /// <summary>Waits until every board has let go of a step; gives it up where a board's residual is not the head board's.</summary>
    internal StageResult CompleteStep(long stepNumber, int head, IReadOnlyList<string> names)
    {
        // An aborted step is waited for too: the buffers are free again only when every board has left it. A lost board never leaves.
        long never = NoStep;
        bool reached = Volatile.Read(ref _failure) is null && _progress.Wait(0, _boardCount, EndSlot(stepNumber), ref never, long.MaxValue);
        if (!reached || IsAborted(stepNumber))
        {
            return StageResult.Aborted;
        }

        for (int board = 0; board < _boardCount; board++)
        {
            if (_checksums[board] != _checksums[head])
            {
                Abort(stepNumber, DifferenceText(names[board], names[head], stepNumber));
                return StageResult.Aborted;
            }
        }

        return StageResult.Complete;
    }

    /// <summary>Whether a step was given up.</summary>
    internal bool IsAborted(long stepNumber) => Volatile.Read(ref _abortedStep) >= stepNumber;

    /// <summary>Gives up a step: every wait for it ends. The first reason stays.</summary>
    internal void Abort(long stepNumber, string reason)
    {
        lock (_abortGate)
        {
            if (_abortedStep < stepNumber)
            {
                _abortReason = reason;
                Volatile.Write(ref _abortedStep, stepNumber);
            }
        }

        _progress.WakeParked();
    }

    /// <summary>Gives up this step and all later ones: a board is lost.</summary>
    internal void Fail(string reason)
    {
        lock (_abortGate)
        {
            if (_failure is null)
            {
                Volatile.Write(ref _failure, reason);
                Volatile.Write(ref _abortedStep, long.MaxValue);
            }
        }

        _progress.Stop();
    }

    /// <summary>Why a board is lost; null while none is.</summary>
    internal string? Failure => Volatile.Read(ref _failure);

    internal string? AbortReason(long stepNumber)
    {
        lock (_abortGate)
        {
            return _failure ?? (_abortedStep == stepNumber ? _abortReason : null);
        }
    }

    internal void Stop() => _progress.Stop();

    private static string DifferenceText(string board, string head, long stepNumber) =>
        $"Board {board} ended step {stepNumber} with another residual than the head board {head}: one of the two computes wrongly. "
        + "Install the same version on both and check their memory.";

    private static int Index(int board, in StageKey key) => board * 2 + (key.Stage & 1);

    private long Slot(in StageKey key) => key.StepNumber * _slotsPerStep + key.Stage + 1;

    private long EndSlot(long stepNumber) => stepNumber * _slotsPerStep + _slotsPerStep - 1;
}
