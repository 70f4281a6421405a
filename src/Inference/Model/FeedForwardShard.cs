using Halo.Inference.Kernels;

namespace Halo.Inference.Model;

/// <summary>
/// Some neuron groups of one layer's feed-forward: <c>y = sum over own neurons j of down[:, j] * silu(gate[j] x) * (up[j] x)</c>.
/// Gate and up are cut by rows (column-parallel), down by columns (row-parallel), so the shards' outputs add up to the block's.
/// </summary>
public sealed unsafe class FeedForwardShard : IStageShard, IDisposable
{
    private readonly SlicedMatrix _gate; // (neurons, hiddenSize)
    private readonly SlicedMatrix _up;   // (neurons, hiddenSize)
    private readonly SlicedMatrix _down; // (hiddenSize, neurons)
    private readonly IDisposable? _owner; // what the matrices lie in, where that is the shard's alone

    internal FeedForwardShard(SlicedMatrix gate, SlicedMatrix up, SlicedMatrix down, IDisposable? owner = null)
    {
        _gate = gate;
        _up = up;
        _down = down;
        _owner = owner;
    }

    /// <summary>Bytes of weights that this shard copied out of the model file; 0 where it is mapped whole.</summary>
    public long CopiedBytes => _gate.CopiedBytes + _up.CopiedBytes + _down.CopiedBytes;

    bool IStageShard.NeedsQuantizedInput => MatMul.NeedsQuantizedInput(_gate.Matrix.Type) || MatMul.NeedsQuantizedInput(_up.Matrix.Type);

    /// <summary>partialSum (rows, hiddenSize) = this shard's part of the block's output.</summary>
    void IStageShard.Forward(StageScratch scratch, float* partialSum)
    {
        int neurons = _gate.Matrix.Rows;
        scratch.Team.Run(scratch.Products.Of(scratch.Normed)
            .Into(_gate.Matrix, scratch.Gate.Pointer, neurons)
            .Into(_up.Matrix, scratch.Up.Pointer, neurons));

        scratch.Gated.SetShape(scratch.RowCount, neurons);
        bool quantize = MatMul.NeedsQuantizedInput(_down.Matrix.Type);
        scratch.Team.Run(scratch.SwiGlu.Set(scratch.Gate.Pointer, scratch.Up.Pointer, neurons, scratch.Gated, quantize));

        scratch.Team.Run(scratch.Products.Of(scratch.Gated).Into(_down.Matrix, partialSum, _down.Matrix.Rows));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gate.Dispose();
        _up.Dispose();
        _down.Dispose();
        _owner?.Dispose();
    }
}
