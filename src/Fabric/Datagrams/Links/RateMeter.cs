using System.Runtime.CompilerServices;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>Bytes and datagrams a second over the last two seconds, in steps of a quarter. Times are microseconds.</summary>
internal struct RateMeter
{
    private const int SlotCount = 8;
    private const long SlotTime = 250_000;

    private Slots _bytes;
    private Slots _datagrams;
    private long _slot;
    private long _begunAt;
    private bool _begun;

    /// <summary>Takes a datagram.</summary>
    internal void Add(long now, int bytes)
    {
        if (!_begun)
        {
            (_begun, _begunAt, _slot) = (true, now, now / SlotTime);
        }

        Advance(now);
        _bytes[(int)(_slot % SlotCount)] += bytes;
        _datagrams[(int)(_slot % SlotCount)]++;
    }

    /// <summary>What passes a second; 0 before the first datagram. A link younger than a quarter of a second counts as that old.</summary>
    internal readonly (double Bytes, double Datagrams) PerSecond(long now)
    {
        if (!_begun)
        {
            return (0, 0);
        }

        RateMeter present = this;
        present.Advance(now);
        long covered = Math.Min((SlotCount - 1) * SlotTime + now % SlotTime, now - _begunAt);
        double seconds = Math.Max(covered, SlotTime) / 1e6;
        return (Sum(present._bytes) / seconds, Sum(present._datagrams) / seconds);
    }

    private void Advance(long now)
    {
        long slot = now / SlotTime;
        for (_slot = Math.Max(_slot, slot - SlotCount); _slot < slot;)
        {
            _slot++;
            _bytes[(int)(_slot % SlotCount)] = 0;
            _datagrams[(int)(_slot % SlotCount)] = 0;
        }
    }

    private static long Sum(in Slots slots)
    {
        long sum = 0;
        foreach (long value in slots)
        {
            sum += value;
        }

        return sum;
    }

    [InlineArray(SlotCount)]
    private struct Slots
    {
        private long _first;
    }
}
