using System.Diagnostics;

namespace Halo.Fabric.Transport;

/// <summary>
/// Lets threads wait until counters, written by other threads, have reached a value. Waiting spins for a bounded time and then parks, so
/// that boards which share a core never starve each other. Raising a counter costs one volatile write while nobody is parked.
/// With a pump the one waiting thread makes the progress itself and waits in the pump; counters are then raised by that thread alone.
/// </summary>
internal sealed class ProgressGate
{
    // Each counter on a cache line of its own: 64 bytes are 8 longs.
    private const int Stride = 8;

    // Long enough for a partial sum of another core that is nearly done, short against a scheduler slice.
    private static readonly long s_spinTicks = Stopwatch.Frequency / 50_000;

    private readonly long[] _counters; // (count, Stride)
    private readonly bool _spin;
    private readonly IProgressPump? _pump;
    private readonly object _parking = new();
    private SpinRule _spinRule; // of the one thread that waits with a pump
    private int _parked;
    private volatile bool _stopped;

    /// <param name="count">Counters.</param>
    /// <param name="spin">Whether waiting may spin before it parks: only where every waiting thread has a core of its own.</param>
    /// <param name="pump">Makes progress while a thread waits; null where other threads make it.</param>
    internal ProgressGate(int count, bool spin, IProgressPump? pump = null)
    {
        _counters = new long[count * Stride];
        _spin = spin;
        _pump = pump;
    }

    internal bool IsStopped => _stopped;

    internal long this[int index] => Volatile.Read(ref _counters[index * Stride]);

    internal void Raise(int index, long value)
    {
        Volatile.Write(ref _counters[index * Stride], value);
        if (_pump is null)
        {
            WakeParked();
        }
    }

    /// <summary>Makes all waiting threads look again.</summary>
    internal void WakeParked()
    {
        _pump?.Wake();

        // The full fence orders the counter's write before the read of _parked; the waiter does the reverse. One of the two sees the other.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _parked) > 0)
        {
            lock (_parking)
            {
                Monitor.PulseAll(_parking);
            }
        }
    }

    internal void Stop()
    {
        _stopped = true;
        WakeParked();
    }

    /// <summary>Waits until counters [first, end) are all at least <paramref name="value"/>, the step is aborted, or the gate is stopped.</summary>
    /// <param name="first">First counter.</param>
    /// <param name="end">End of the range.</param>
    /// <param name="value">The value to reach.</param>
    /// <param name="aborted">Ends the wait when it holds at least <paramref name="abortValue"/>.</param>
    /// <param name="abortValue">The step that is being waited for.</param>
    /// <returns>Whether the value was reached.</returns>
    internal bool Wait(int first, int end, long value, ref long aborted, long abortValue)
    {
        long spinUntil = 0;
        bool spins = _spin;
        SpinWait spinner = default;
        while (!Reached(first, end, value))
        {
            if (_stopped || Volatile.Read(ref aborted) >= abortValue)
            {
                return Reached(first, end, value);
            }

            if (_pump is not null && _pump.Move())
            {
                continue;
            }

            if (spins && spinUntil == 0)
            {
                spins = _pump is null || _spinRule.MaySpin();
                spinUntil = Stopwatch.GetTimestamp() + s_spinTicks;
            }

            if (spins && Stopwatch.GetTimestamp() < spinUntil)
            {
                if (_pump is null)
                {
                    spinner.SpinOnce(sleep1Threshold: -1);
                }
            }
            else if (_pump is not null)
            {
                if (spins)
                {
                    spins = false;
                    _spinRule.Spun(reached: false);
                }

                _pump.Wait();
            }
            else
            {
                Park(first, end, value, ref aborted, abortValue);
            }
        }

        if (_pump is not null && spins && spinUntil != 0)
        {
            _spinRule.Spun(reached: true);
        }

        return true;
    }

    private void Park(int first, int end, long value, ref long aborted, long abortValue)
    {
        lock (_parking)
        {
            Interlocked.Increment(ref _parked);
            if (!Reached(first, end, value) && !_stopped && Volatile.Read(ref aborted) < abortValue)
            {
                Monitor.Wait(_parking);
            }

            Interlocked.Decrement(ref _parked);
        }
    }

    private bool Reached(int first, int end, long value)
    {
        for (int index = first; index < end; index++)
        {
            if (Volatile.Read(ref _counters[index * Stride]) < value)
            {
                return false;
            }
        }

        return true;
    }
}
