using System.Numerics.Tensors;
using Halo.Inference.Kernels;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>
/// y = sum over the parts of down[part] h[part], added in their order; each worker takes a range of y's columns through all parts, so that
/// parts do not wait for each other.
/// </summary>
internal sealed unsafe class DownWork : IParallelWork
{
    // Ranges of whole cache lines of output, so that two workers never write the same one.
    private const int Granularity = 16;

    private readonly List<Part> _parts = [];
    private float* _sum;    // (rows, width)
    private float* _partSum; // (rows, width)
    private int _width;

    /// <summary>Starts anew.</summary>
    /// <param name="sum">(rows, width), where the sum goes.</param>
    /// <param name="partSum">(rows, width), where parts after the first are computed.</param>
    /// <param name="width">Elements of the residual stream.</param>
    internal DownWork Into(float* sum, float* partSum, int width)
    {
        _parts.Clear();
        _sum = sum;
        _partSum = partSum;
        _width = width;
        return this;
    }

    /// <summary>Adds a part.</summary>
    /// <param name="down">(width, neurons).</param>
    /// <param name="input">(rows, neurons).</param>
    internal void Add(in WeightMatrix down, Activations input) => _parts.Add(new Part(down, input));

    /// <summary>Adds a part whose product goes to a place of its own.</summary>
    /// <param name="down">(width, neurons).</param>
    /// <param name="input">(rows, neurons).</param>
    /// <param name="output">(rows, width).</param>
    internal void Add(in WeightMatrix down, Activations input, float* output) => _parts.Add(new Part(down, input, (nint)output));

    public void Run(int worker, int workerCount)
    {
        (int first, int end) = WorkerTeam.Split(_width, worker, workerCount, Granularity);
        if (first == end)
        {
            return;
        }

        for (int i = 0; i < _parts.Count; i++)
        {
            Part part = _parts[i];
            if (part.Output != 0)
            {
                MatMul.Multiply(part.Down, part.Input, (float*)part.Output, _width, first, end);
                continue;
            }

            MatMul.Multiply(part.Down, part.Input, i == 0 ? _sum : _partSum, _width, first, end);
            for (int row = 0; i > 0 && row < part.Input.Rows; row++)
            {
                long start = (long)row * _width + first;
                Span<float> sum = new(_sum + start, end - first);
                TensorPrimitives.Add(sum, new ReadOnlySpan<float>(_partSum + start, end - first), sum);
            }
        }
    }

    private readonly record struct Part(WeightMatrix Down, Activations Input, nint Output = 0);
}
