using System.Numerics.Tensors;
using Halo.Fabric.Datagrams.Relaxed;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Simulated;

/// <summary>
/// The stages of one board that misses some of the others' sums, as a relaxed board does: critical ones always come, and so does the head board's
/// residual before some stages, from which all boards go on.
/// </summary>
internal sealed class LossySums
{
    private readonly int _board;
    private readonly int _head;
    private readonly FabricSize _size;
    private readonly SimulatedLoss _loss;
    private readonly LossTrace _trace;
    private readonly CriticalSums _critical;
    private readonly IStageStandIn? _standIn;
    private readonly int _chunkElements;
    private readonly byte[] _wire;
    private readonly float[] _total; // one row
    private readonly float[] _fill;  // one row
    private readonly float[] _late;  // (rows, hiddenSize): what came too late for the stage before
    private readonly float[] _later; // (rows, hiddenSize): the same, of the stage at hand
    private long _step = -1;
    private long _firstToken; // of the step at hand

    /// <param name="board">This board's place.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="loss">What is lost.</param>
    /// <param name="standIn">Stands in for what is missing, where the fill asks for it.</param>
    internal LossySums(int board, int head, FabricSize size, SimulatedLoss loss, IStageStandIn? standIn)
    {
        (_board, _head, _size, _loss, _standIn) = (board, head, size, loss, standIn);
        _trace = new LossTrace(loss, size.BoardCount, head);
        _critical = new CriticalSums(size.BoardCount, head, size.StageCount, loss.CriticalBoards, loss.CriticalStages);
        _chunkElements = new ChunkLayout(loss.WireType).Elements;
        int elements = size.MaxRows * size.HiddenSize;
        _wire = new byte[WireCodec.ByteCount(loss.WireType, elements)];
        (_total, _fill) = (new float[size.HiddenSize], new float[size.HiddenSize]);
        (_late, _later) = (new float[elements], new float[elements]);
    }

    /// <summary>Sums that this board had to do without, and all that it should have had.</summary>
    internal (long Missing, long All) Counts { get; private set; }

    /// <summary>Rounds this board's own sum to what the others read.</summary>
    internal void Round(Span<float> sum) => WireCodec.Round(_loss.WireType, sum, _wire);

    /// <summary>Completes a stage of which everything is there.</summary>
    /// <param name="key">The stage.</param>
    /// <param name="sums">All boards' sums.</param>
    /// <param name="headResidual">The head board's residual before this stage.</param>
    /// <param name="residual">This board's.</param>
    internal void Complete(in StageKey key, StageInbox sums, ReadOnlySpan<float> headResidual, Span<float> residual)
    {
        int rows = residual.Length / _size.HiddenSize;
        BeginStage(key, rows);
        if (_critical.HasResync(key.Stage))
        {
            headResidual[..residual.Length].CopyTo(residual);
            _late.AsSpan(0, residual.Length).Clear();
        }

        _later.AsSpan(0, residual.Length).Clear();
        for (int row = 0; row < rows; row++)
        {
            CompleteRow(key, sums, row, residual);
        }

        TensorPrimitives.Add(residual, _late.AsSpan(0, residual.Length), residual);
        _later.AsSpan(0, residual.Length).CopyTo(_late);
    }

    private void BeginStage(in StageKey key, int rows)
    {
        if (key.StepNumber != _step)
        {
            _step = key.StepNumber;
            _firstToken += rows;
            _late.AsSpan().Clear();
        }
    }

    private void CompleteRow(in StageKey key, StageInbox sums, int row, Span<float> residual)
    {
        int hidden = _size.HiddenSize;
        Span<float> own = residual.Slice(row * hidden, hidden);
        long token = _firstToken + row;
        _total.AsSpan().Clear();
        for (int start = 0, chunk = 0; start < hidden; start += _chunkElements, chunk++)
        {
            int length = Math.Min(_chunkElements, hidden - start);
            Span<float> total = _total.AsSpan(start, length);
            int contributors = 0;
            int missing = 0;
            for (int from = 0; from < _size.BoardCount; from++)
            {
                ReadOnlySpan<float> sum = sums.Contribution(from, key, (row * hidden) + start, length);
                if (sum.IsEmpty)
                {
                    continue;
                }

                contributors++;
                if (from == _board || _critical.IsCritical(from, key.Stage) || !IsMissing(token, key.Stage, chunk, from))
                {
                    TensorPrimitives.Add(total, sum, total);
                    continue;
                }

                missing++;
                bool comesLate = _trace.ComesLate(token, key.Stage, chunk, from, _board);
                Span<float> later = comesLate ? _later.AsSpan((row * hidden) + start, length) : [];
                if (comesLate)
                {
                    TensorPrimitives.Add(later, sum, later);
                }

                FillIn(key.Stage, from, own, start, total, later);
            }

            if (_loss.Fill == StageFill.Rescale && missing > 0 && missing < contributors)
            {
                TensorPrimitives.Multiply(total, contributors / (float)(contributors - missing), total);
            }
        }

        TensorPrimitives.Add(own, _total, own);
    }

    private bool IsMissing(long token, int stage, int chunk, int from)
    {
        bool isLost = _trace.IsLost(token, stage, _size.StageCount, chunk, from, _board);
        Counts = (Counts.Missing + (isLost ? 1 : 0), Counts.All + 1);
        return isLost;
    }

    // What comes late replaces its stand-in.
    private void FillIn(int stage, int from, ReadOnlySpan<float> residual, int start, Span<float> total, Span<float> later)
    {
        if (_standIn is null || _loss.Fill is not (StageFill.Mean or StageFill.LowRank))
        {
            return;
        }

        _standIn.Write(stage, from, residual, _fill);
        ReadOnlySpan<float> fill = _fill.AsSpan(start, total.Length);
        TensorPrimitives.Add(total, fill, total);
        if (!later.IsEmpty)
        {
            TensorPrimitives.Subtract(later, fill, later);
        }
    }
}
