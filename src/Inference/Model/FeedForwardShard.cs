using Halo.Inference.Kernels;
using Halo.Inference.Model.Streaming;

namespace Halo.Inference.Model;

/// <summary>
/// Some neuron groups of one layer's feed-forward: <c>y = sum over own neurons j of down[:, j] * silu(gate[j] x) * (up[j] x)</c>, or
/// <c>gelu(up[j] x)</c> where there is no gate; gate and up with their biases, if there are any. Gate and up are cut by rows (column-parallel), down by columns (row-parallel), so the shards' outputs add up to the block's.
/// The neurons may lie in several parts, whose outputs are added in order.
/// </summary>
public sealed unsafe class FeedForwardShard : IStageShard, IDisposable
{
    private readonly FeedForwardPart[] _parts;
    private readonly bool _quantizeInput;
    private readonly bool _quantizeGated;

    internal FeedForwardShard(params FeedForwardPart[] parts)
    {
        _parts = parts;
        _quantizeInput = parts.Any(part => (part.Gate is not null && MatMul.NeedsQuantizedInput(part.Gate.Matrix.Type)) || MatMul.NeedsQuantizedInput(part.Up.Matrix.Type));
        _quantizeGated = parts.Any(part => MatMul.NeedsQuantizedInput(part.Down.Matrix.Type));
    }

    /// <summary>Bytes of weights that this shard copied out of the model file; 0 where it is mapped whole.</summary>
    public long CopiedBytes => _parts.Sum(part => part.CopiedBytes);

    /// <summary>Where the weights come from in each step; null where they stay where they are.</summary>
    internal StreamedStage? Stage { get; init; }

    bool IStageShard.NeedsQuantizedInput => _quantizeInput;

    /// <summary>partialSum (rows, hiddenSize) = this shard's part of the block's output.</summary>
    void IStageShard.Forward(StageScratch scratch, float* partialSum)
    {
        if (Stage is not null)
        {
            ForwardStreamed(Stage, scratch, partialSum);
            return;
        }

        // Part after part in the scratch, each (rows, its neurons); three rounds of the team, however many parts there are.
        MatMulWork products = scratch.Products.Of(scratch.Normed);
        ActivationWork activation = scratch.Activation.Of(scratch.RowCount, _quantizeGated);
        DownWork down = scratch.Down.Into(partialSum, scratch.PartSum.Pointer, _parts[0].Down.Matrix.Rows);
        long start = 0;
        for (int i = 0; i < _parts.Length; i++)
        {
            FeedForwardPart part = _parts[i];
            float* gate = part.Gate is null ? null : scratch.Gate.Pointer + start;
            float* up = scratch.Up.Pointer + start;
            Activations gated = scratch.Gated(i, part.Neurons);
            gated.SetShape(scratch.RowCount, part.Neurons);
            if (part.Gate is not null)
            {
                products.Into(part.Gate.Matrix, gate, part.Neurons);
            }

            products.Into(part.Up.Matrix, up, part.Neurons);
            activation.Add(gate, up, part.Biases, gated);
            down.Add(part.Down.Matrix, gated);
            start += (long)scratch.RowCount * part.Neurons;
        }

        scratch.Team.Run(products);
        scratch.Team.Run(activation);
        scratch.Team.Run(down);
    }

    // Part after part as they come, in whatever order; they are added in the order of their groups, so that bits do not depend on it.
    private void ForwardStreamed(StreamedStage stage, StageScratch scratch, float* partialSum)
    {
        int width = _parts[0].Down.Matrix.Rows;
        OrderedSum sum = scratch.Sum.Into(partialSum, scratch.RowCount * width, _parts.Length);
        stage.Enter();
        while (stage.Next(scratch.Ready))
        {
            try
            {
                Compute(stage, scratch, sum, width);
            }
            finally
            {
                stage.Release(scratch.Ready);
            }
        }

        sum.Complete();
    }

    private void Compute(StreamedStage stage, StageScratch scratch, OrderedSum sum, int width)
    {
        MatMulWork products = scratch.Products.Of(scratch.Normed);
        ActivationWork activation = scratch.Activation.Of(scratch.RowCount, _quantizeGated);
        DownWork down = scratch.Down.Into(null, null, width);
        long start = 0;
        foreach (ReadyPiece piece in scratch.Ready)
        {
            PieceSlot slot = stage.Slots[piece.Index];
            byte* bytes = (byte*)piece.Bytes;
            FeedForwardPart part = _parts[piece.Index];
            int neurons = part.Neurons;
            float* gate = part.Gate is null ? null : scratch.Gate.Pointer + start;
            float* up = scratch.Up.Pointer + start;
            Activations gated = scratch.Gated(piece.Index, neurons);
            gated.SetShape(scratch.RowCount, neurons);
            if (part.Gate is not null)
            {
                products.Into(slot.Matrix(0, bytes), gate, neurons);
            }

            products.Into(slot.Matrix(part.UpIndex, bytes), up, neurons);
            activation.Add(gate, up, part.Biases, gated);
            down.Add(slot.Matrix(part.UpIndex + 1, bytes), gated, sum.Room(piece.Index));
            start += (long)scratch.RowCount * neurons;
        }

        scratch.Team.Run(products);
        scratch.Team.Run(activation);
        scratch.Team.Run(down);
        foreach (ReadyPiece piece in scratch.Ready)
        {
            sum.Add(piece.Index);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FeedForwardPart part in _parts)
        {
            part.Dispose();
        }
    }
}
