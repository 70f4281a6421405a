using Halo.Inference.Kernels;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>h[t] = silu(gate[t]) * up[t] for each part of a shard's neurons, rows of all parts shared out over a team.</summary>
internal sealed unsafe class SwiGluWork : IParallelWork
{
    private readonly List<Part> _parts = [];
    private int _rows;
    private bool _quantize;

    /// <summary>Starts anew.</summary>
    /// <param name="rows">Rows of every part.</param>
    /// <param name="quantize">Whether the outputs are wanted in 8 bits as well.</param>
    internal SwiGluWork Of(int rows, bool quantize)
    {
        _parts.Clear();
        _rows = rows;
        _quantize = quantize;
        return this;
    }

    /// <summary>Adds a part.</summary>
    /// <param name="gate">(rows, width).</param>
    /// <param name="up">(rows, width).</param>
    /// <param name="output">(rows, width).</param>
    internal void Add(float* gate, float* up, Activations output) => _parts.Add(new Part((nint)gate, (nint)up, output));

    public void Run(int worker, int workerCount)
    {
        (int first, int end) = WorkerTeam.Split(_parts.Count * _rows, worker, workerCount);
        for (int item = first; item < end; item++)
        {
            (Part part, int row) = (_parts[item / _rows], item % _rows);
            int width = part.Output.Columns;
            SwiGlu.Apply(
                new ReadOnlySpan<float>((float*)part.Gate + (long)row * width, width),
                new ReadOnlySpan<float>((float*)part.Up + (long)row * width, width),
                part.Output.Row(row));
            if (_quantize)
            {
                part.Output.Quantize(row, row + 1);
            }
        }
    }

    private readonly record struct Part(nint Gate, nint Up, Activations Output);
}
