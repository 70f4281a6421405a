using Halo.Inference.Kernels;
using Halo.Inference.Threading;

namespace Halo.Inference.Probes;

/// <summary>Reads memory with all threads of a team, each an equal part of every run: the limit beside a kernel over the same bytes.</summary>
internal sealed unsafe class ReadWork : IParallelWork
{
    private readonly List<(nint Data, long Bytes)> _runs = [];
    private readonly ulong[] _sums = new ulong[256]; // by worker; kept, so that reading cannot be left out

    internal long Bytes { get; private set; }

    internal ReadWork Add(byte* data, long bytes)
    {
        _runs.Add(((nint)data, bytes));
        Bytes += bytes;
        return this;
    }

    public void Run(int worker, int workerCount)
    {
        ulong sum = 0;
        foreach ((nint data, long bytes) in _runs)
        {
            long first = bytes * worker / workerCount / 64 * 64;
            long end = worker == workerCount - 1 ? bytes : bytes * (worker + 1) / workerCount / 64 * 64;
            sum ^= ReadLoop.Read((byte*)data + first, end - first);
        }

        _sums[worker % _sums.Length] ^= sum;
    }
}
