using Halo.Inference.Kernels;
using Halo.Inference.Threading;

namespace Halo.Inference.Model;

/// <summary>h[t] = silu(gate[t]) * up[t], rows shared out over a team.</summary>
internal sealed unsafe class SwiGluWork : IParallelWork
{
    private float* _gate; // (rows, width)
    private float* _up;   // (rows, width)
    private int _width;
    private Activations? _output;
    private bool _quantize;

    internal SwiGluWork Set(float* gate, float* up, int width, Activations output, bool quantize)
    {
        _gate = gate;
        _up = up;
        _width = width;
        _output = output;
        _quantize = quantize;
        return this;
    }

    public void Run(int worker, int workerCount)
    {
        (int first, int end) = WorkerTeam.Split(_output!.Rows, worker, workerCount);
        for (int row = first; row < end; row++)
        {
            SwiGlu.Apply(
                new ReadOnlySpan<float>(_gate + (long)row * _width, _width),
                new ReadOnlySpan<float>(_up + (long)row * _width, _width),
                _output.Row(row));
        }

        if (_quantize && first < end)
        {
            _output.Quantize(first, end);
        }
    }
}
