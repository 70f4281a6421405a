using Halo.Inference.Kernels;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>Products of the same input, shared out over a team: each worker takes a range of every matrix's rows.</summary>
internal sealed unsafe class MatMulWork : IParallelWork
{
    // Ranges of whole cache lines of output, so that two workers never write the same one.
    private const int Granularity = 16;

    // Three suffice where nothing lies in parts; they grow once where something does.
    private WeightMatrix[] _weights = new WeightMatrix[3];
    private nint[] _outputs = new nint[3];
    private int[] _strides = new int[3];
    private Activations? _input;
    private int _count;

    internal MatMulWork Of(Activations input)
    {
        _input = input;
        _count = 0;
        return this;
    }

    /// <summary>Adds the product y[t * stride + r] = sum over c of w[r, c] * input[t, c].</summary>
    internal MatMulWork Into(in WeightMatrix weights, float* output, int stride)
    {
        if (_count == _weights.Length)
        {
            Array.Resize(ref _weights, 2 * _count);
            Array.Resize(ref _outputs, 2 * _count);
            Array.Resize(ref _strides, 2 * _count);
        }

        _weights[_count] = weights;
        _outputs[_count] = (nint)output;
        _strides[_count++] = stride;
        return this;
    }

    public void Run(int worker, int workerCount)
    {
        for (int i = 0; i < _count; i++)
        {
            (int first, int end) = WorkerTeam.Split(_weights[i].Rows, worker, workerCount, Granularity);
            if (first < end)
            {
                MatMul.Multiply(_weights[i], _input!, (float*)_outputs[i], _strides[i], first, end);
            }
        }
    }
}
