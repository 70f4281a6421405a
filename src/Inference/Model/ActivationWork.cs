using System.Numerics.Tensors;
using Halo.Inference.Kernels;
using Halo.Inference.Model.Architectures;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>
/// h[t] = silu(gate[t] + gateBias) * (up[t] + upBias), or gelu(up[t] + upBias) where there is no gate, for each part of a shard's neurons, rows of
/// all parts shared out over a team.
/// </summary>
internal sealed unsafe class ActivationWork : IParallelWork
{
    private readonly List<Part> _parts = [];
    private int _rows;
    private bool _quantize;

    /// <summary>Starts anew.</summary>
    /// <param name="rows">Rows of every part.</param>
    /// <param name="quantize">Whether the outputs are wanted in 8 bits as well.</param>
    internal ActivationWork Of(int rows, bool quantize)
    {
        _parts.Clear();
        _rows = rows;
        _quantize = quantize;
        return this;
    }

    /// <summary>Adds a part.</summary>
    /// <param name="gate">(rows, width); null where there is no gate. Its bias is added in place.</param>
    /// <param name="up">(rows, width). Its bias is added in place.</param>
    /// <param name="biases">The neurons' biases.</param>
    /// <param name="output">(rows, width).</param>
    internal void Add(float* gate, float* up, NeuronBiases biases, Activations output) => _parts.Add(new Part((nint)gate, (nint)up, biases, output));

    public void Run(int worker, int workerCount)
    {
        (int first, int end) = WorkerTeam.Split(_parts.Count * _rows, worker, workerCount);
        for (int item = first; item < end; item++)
        {
            (Part part, int row) = (_parts[item / _rows], item % _rows);
            int width = part.Output.Columns;
            ReadOnlySpan<float> up = Biased(part.Up, row, width, part.Biases.Up);
            if (part.Gate == 0)
            {
                Gelu.Apply(up, part.Output.Row(row));
            }
            else
            {
                SwiGlu.Apply(Biased(part.Gate, row, width, part.Biases.Gate), up, part.Output.Row(row));
            }

            if (_quantize)
            {
                part.Output.Quantize(row, row + 1);
            }
        }
    }

    private static Span<float> Biased(nint values, int row, int width, float[] bias)
    {
        Span<float> own = new((float*)values + (long)row * width, width);
        if (bias.Length > 0)
        {
            TensorPrimitives.Add(own, bias, own);
        }

        return own;
    }

    private readonly record struct Part(nint Gate, nint Up, NeuronBiases Biases, Activations Output);
}
