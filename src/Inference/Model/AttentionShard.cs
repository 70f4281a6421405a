using Halo.Inference.Kernels;
using Halo.Inference.Model.Architectures;
using Halo.Inference.Model.Streaming;

namespace Halo.Inference.Model;

/// <summary>
/// Some head groups of one layer's attention, with the KV that belongs to them. A head group is one KV head, its query heads, and their
/// columns of the output projection. Query, key and value are cut by rows, the output projection by columns; where its quantisation
/// blocks reach beyond the shard's own columns, the covering blocks are kept and meet zeros there.
/// </summary>
public sealed unsafe class AttentionShard : IStageShard, IDisposable
{
    private readonly SlicedMatrix _query;  // (query heads * headDim, hiddenSize)
    private readonly SlicedMatrix _key;    // (KV heads * headDim, hiddenSize)
    private readonly SlicedMatrix _value;  // (KV heads * headDim, hiddenSize)
    private readonly SlicedMatrix _output; // (hiddenSize, covering columns)
    private readonly int _headDim;
    private readonly HeadVectors _vectors;
    private readonly RopeTable _rope;
    private readonly IDisposable? _owner; // what the matrices lie in, where that is the shard's alone

    internal AttentionShard(
        ModelConfig config,
        RopeTable rope,
        HeadVectors vectors,
        SlicedMatrix query,
        SlicedMatrix key,
        SlicedMatrix value,
        SlicedMatrix output,
        KvCache kv,
        IDisposable? owner = null)
    {
        _query = query;
        _key = key;
        _value = value;
        _output = output;
        _headDim = config.HeadDim;
        _rope = rope;
        _vectors = vectors;
        _owner = owner;
        Kv = kv;
    }

    /// <summary>Where the weights come from in each step; null where they stay where they are.</summary>
    internal StreamedStage? Stage { get; init; }

    /// <summary>The shard's keys and values.</summary>
    public KvCache Kv { get; }

    /// <summary>Bytes of weights that this shard copied out of the model file; 0 where it is mapped whole.</summary>
    public long CopiedBytes => _query.CopiedBytes + _key.CopiedBytes + _value.CopiedBytes + _output.CopiedBytes;

    bool IStageShard.NeedsQuantizedInput =>
        MatMul.NeedsQuantizedInput(_query.Matrix.Type) || MatMul.NeedsQuantizedInput(_key.Matrix.Type) || MatMul.NeedsQuantizedInput(_value.Matrix.Type);

    /// <summary>partialSum (rows, hiddenSize) = this shard's part of the attention's output. Appends the rows' keys and values.</summary>
    void IStageShard.Forward(StageScratch scratch, float* partialSum)
    {
        if (Stage is null)
        {
            Forward(scratch, partialSum, _query.Matrix, _key.Matrix, _value.Matrix, _output.Matrix);
            return;
        }

        // One piece, and always waited for: a shard without its input would leave a hole in the KV.
        Stage.Enter();
        while (Stage.Next(scratch.Ready))
        {
            try
            {
                PieceSlot slot = Stage.Slots[0];
                byte* bytes = (byte*)scratch.Ready[0].Bytes;
                Forward(scratch, partialSum, slot.Matrix(0, bytes), slot.Matrix(1, bytes), slot.Matrix(2, bytes), slot.Matrix(3, bytes));
            }
            finally
            {
                Stage.Release(scratch.Ready);
            }
        }
    }

    private void Forward(
        StageScratch scratch, float* partialSum, in WeightMatrix query, in WeightMatrix key, in WeightMatrix value, in WeightMatrix output)
    {
        int queryWidth = query.Rows;
        int kvWidth = key.Rows;
        scratch.Team.Run(scratch.Products.Of(scratch.Normed)
            .Into(query, scratch.Query.Pointer, queryWidth)
            .Into(key, scratch.Key.Pointer, kvWidth)
            .Into(value, scratch.Value.Pointer, kvWidth));

        RotateAndStore(scratch, queryWidth, kvWidth);

        scratch.Attended.SetShape(scratch.RowCount, output.Columns);
        if (output.Columns > queryWidth)
        {
            ClearForeignColumns(scratch);
        }

        scratch.Attention.Compute(scratch, Kv, _output.Offset);
        if (MatMul.NeedsQuantizedInput(output.Type))
        {
            scratch.Attended.Quantize(0, scratch.RowCount);
        }

        scratch.Team.Run(scratch.Products.Of(scratch.Attended).Into(output, partialSum, output.Rows));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _query.Dispose();
        _key.Dispose();
        _value.Dispose();
        _output.Dispose();
        Kv.Dispose();
        _owner?.Dispose();
    }

    private void RotateAndStore(StageScratch scratch, int queryWidth, int kvWidth)
    {
        for (int row = 0; row < scratch.RowCount; row++)
        {
            int position = scratch.Positions[row];
            Span<float> queries = new(scratch.Query.Pointer + (long)row * queryWidth, queryWidth);
            Span<float> keys = new(scratch.Key.Pointer + (long)row * kvWidth, kvWidth);
            Span<float> values = new(scratch.Value.Pointer + (long)row * kvWidth, kvWidth);
            _vectors.Apply(queries, keys, values);
            _rope.Apply(queries, _headDim, position);
            _rope.Apply(keys, _headDim, position);
            for (int head = 0; head < Kv.KvHeads; head++)
            {
                Kv.Write(scratch.Slots[row], head, position, keys.Slice(head * _headDim, _headDim), values.Slice(head * _headDim, _headDim));
            }
        }
    }

    private static void ClearForeignColumns(StageScratch scratch)
    {
        for (int row = 0; row < scratch.RowCount; row++)
        {
            scratch.Attended.Row(row).Clear();
        }
    }
}
