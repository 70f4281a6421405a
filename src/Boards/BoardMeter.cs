using System.Collections.Concurrent;
using System.Diagnostics;
using System.Numerics.Tensors;

namespace Halo.Boards;

/// <summary>Measures what this machine can do for its boards.</summary>
public static class BoardMeter
{
    // Larger than any last-level cache of a board, small enough to be read in a few milliseconds.
    private const int BufferFloats = 16 * 1024 * 1024;

    // The best of many rounds: what else runs on the machine at the moment makes a round slow, and nothing makes one too fast.
    private static readonly TimeSpan s_duration = TimeSpan.FromMilliseconds(200);

    // The rest is for the operating system, the gateway and what else runs on a board.
    private const double UsableShareOfMemory = 0.8;

    /// <summary>What a board of relative speed 1 counts as, in bytes per second, where speeds are given and not measured.</summary>
    public const double BytesPerSecondOfSpeed = 1e9;

    private static readonly ConcurrentDictionary<int, Lazy<double>> s_measured = [];

    /// <summary>
    /// How fast all cores together stream memory, in bytes per second: the best of 200 ms of rounds over 64 MB. Decoding is bound by this.
    /// Measured once a process for each number of threads.
    /// </summary>
    public static double MeasureBytesPerSecond(int threads) => s_measured.GetOrAdd(threads, count => new Lazy<double>(() => Measure(count))).Value;

    /// <summary>Memory that boards of this process may use together, in bytes: most of what the machine or its container allows.</summary>
    public static long UsableMemoryBytes() => (long)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * UsableShareOfMemory);

    private static double Measure(int threads)
    {
        float[] buffer = GC.AllocateUninitializedArray<float>(BufferFloats);
        buffer.AsSpan().Fill(1);
        double best = 0;
        long begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < s_duration)
        {
            long start = Stopwatch.GetTimestamp();
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, worker =>
            {
                int length = BufferFloats / threads;
                TensorPrimitives.Sum(buffer.AsSpan(worker * length, length));
            });
            best = Math.Max(best, (double)BufferFloats * sizeof(float) / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
