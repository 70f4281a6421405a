using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Halo.Inference.Threading;

/// <summary>A static fork-join team: the calling thread is worker 0, background threads are the rest.</summary>
/// <remarks>
/// Workers wait for the next round by spinning for a bounded time, when asked to, and then parking. A spin saves the microseconds of
/// a wake-up between the stages of a token; without the bound, two teams on one core would fight for it.
/// </remarks>
public sealed class WorkerTeam : IDisposable
{
    // About the pause between two stages of a token on one board; a wake-up of a parked thread costs 5 to 50 us.
    private static readonly long s_spinTicks = Stopwatch.Frequency / 20_000;

    private readonly Thread[] _threads;
    private readonly bool _spin;
    private readonly object _startGate = new();
    private readonly object _finishGate = new();

    private IParallelWork? _work;
    private ExceptionDispatchInfo? _failure;
    private int _round; // one more for each Run, and for the last time when stopping
    private int _parkedWorkers;
    private int _busyWorkers;
    private bool _callerParked;
    private int _running; // 1 while a Run is in progress
    private volatile bool _stopping;

    /// <summary>Starts <paramref name="workerCount"/> - 1 threads.</summary>
    /// <param name="workerCount">Workers including the caller, at least 1.</param>
    /// <param name="name">Prefix of the threads' names.</param>
    /// <param name="spin">Whether waits begin with about 50 microseconds of spinning: yes only where each worker has a core of its own.</param>
    public WorkerTeam(int workerCount, string name, bool spin)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workerCount, 1);
        ArgumentNullException.ThrowIfNull(name);
        WorkerCount = workerCount;
        _spin = spin && Environment.ProcessorCount > 1;
        _threads = new Thread[workerCount - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => WorkerLoop(worker)) { IsBackground = true, Name = $"{name} {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Workers including the caller of <see cref="Run"/>.</summary>
    public int WorkerCount { get; }

    /// <summary>The share of <paramref name="worker"/> of 0..<paramref name="count"/>: contiguous, in order, balanced.</summary>
    /// <remarks>Inner bounds are multiples of <paramref name="granularity"/>; shares differ by at most one such unit.</remarks>
    /// <param name="count">Items to split.</param>
    /// <param name="worker">0 to <paramref name="workerCount"/> - 1.</param>
    /// <param name="workerCount">Number of shares.</param>
    /// <param name="granularity">Items that stay together.</param>
    public static (int First, int End) Split(int count, int worker, int workerCount, int granularity = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(granularity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(workerCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)worker, (uint)workerCount, nameof(worker));
        long units = ((long)count + granularity - 1) / granularity;
        long first = units * worker / workerCount * granularity;
        long end = units * (worker + 1) / workerCount * granularity;
        return ((int)Math.Min(first, count), (int)Math.Min(end, count));
    }

    /// <summary>Runs <paramref name="work"/> once on every worker and returns when all have finished.</summary>
    /// <remarks>The first exception of any worker is thrown here, with its stack, after all have finished; the team stays usable.</remarks>
    /// <exception cref="InvalidOperationException">Another Run of this team is in progress.</exception>
    public void Run(IParallelWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (_threads.Length == 0)
        {
            work.Run(0, 1);
            return;
        }

        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            throw new InvalidOperationException("A worker team does one thing at a time; this one is running already.");
        }

        _work = work;
        _busyWorkers = _threads.Length;
        StartRound();
        RunShare(work, 0);
        AwaitWorkers();

        _work = null;
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        Volatile.Write(ref _running, 0);
        failure?.Throw();
    }

    /// <summary>Stops the threads and waits for them. Not while a <see cref="Run"/> is in progress.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        StartRound();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    // No wake-up is lost: a worker counts itself as parked and then looks at the round once more; here the round moves on first and
    // the count is read after. Both sides have a full fence in between, so at least one of them sees the other.
    private void StartRound()
    {
        Interlocked.Increment(ref _round);
        if (Volatile.Read(ref _parkedWorkers) > 0)
        {
            lock (_startGate)
            {
                Monitor.PulseAll(_startGate);
            }
        }
    }

    private void WorkerLoop(int worker)
    {
        int seenRound = 0;
        while (true)
        {
            AwaitRound(seenRound);
            seenRound++;
            if (_stopping)
            {
                return;
            }

            RunShare(_work!, worker);
            if (Interlocked.Decrement(ref _busyWorkers) == 0 && Volatile.Read(ref _callerParked))
            {
                lock (_finishGate)
                {
                    Monitor.Pulse(_finishGate);
                }
            }
        }
    }

    private void RunShare(IParallelWork work, int worker)
    {
        try
        {
            work.Run(worker, WorkerCount);
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
        }
    }

    private void AwaitRound(int seenRound)
    {
        if (_spin)
        {
            long deadline = Stopwatch.GetTimestamp() + s_spinTicks;
            while (Volatile.Read(ref _round) == seenRound && Stopwatch.GetTimestamp() < deadline)
            {
                Thread.SpinWait(4);
            }
        }

        if (Volatile.Read(ref _round) != seenRound)
        {
            return;
        }

        lock (_startGate)
        {
            Interlocked.Increment(ref _parkedWorkers);
            while (Volatile.Read(ref _round) == seenRound)
            {
                Monitor.Wait(_startGate);
            }

            Interlocked.Decrement(ref _parkedWorkers);
        }
    }

    private void AwaitWorkers()
    {
        if (_spin)
        {
            long deadline = Stopwatch.GetTimestamp() + s_spinTicks;
            while (Volatile.Read(ref _busyWorkers) != 0 && Stopwatch.GetTimestamp() < deadline)
            {
                Thread.SpinWait(4);
            }
        }

        if (Volatile.Read(ref _busyWorkers) == 0)
        {
            return;
        }

        lock (_finishGate)
        {
            Volatile.Write(ref _callerParked, true);
            Interlocked.MemoryBarrier();
            while (Volatile.Read(ref _busyWorkers) != 0)
            {
                Monitor.Wait(_finishGate);
            }

            Volatile.Write(ref _callerParked, false);
        }
    }
}
