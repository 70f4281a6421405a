using System.Numerics;

namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>
/// How late sums lately were, in buckets that grow by a quarter, and how many did not come at all. Old samples fade: all counts are halved after
/// every <see cref="Memory"/>. Times are microseconds.
/// </summary>
internal sealed class LagHistogram
{
    private const int Memory = 512;
    private const int FirstBits = 6;   // buckets of up to 64 microseconds are one
    private const int PerDoubling = 4;
    private const int Buckets = 64;    // the last reaches past 2 s

    private readonly float[] _came = new float[Buckets];
    private float _missing;
    private int _samples;

    /// <summary>Samples so far; stops counting at <see cref="Memory"/>.</summary>
    internal int Samples { get; private set; }

    /// <summary>A sum came so late.</summary>
    internal void Came(long lag)
    {
        _came[Bucket(lag)]++;
        Count();
    }

    /// <summary>A sum has not come.</summary>
    internal void Missed()
    {
        _missing++;
        Count();
    }

    /// <summary>One of those that had not come did, so late.</summary>
    internal void CameAfterAll(long lag)
    {
        _missing = Math.Max(0, _missing - 1);
        _came[Bucket(lag)]++;
    }

    /// <summary>
    /// The wait that costs least: the time waited on average plus, for every sum that is not there then, what it is worth.
    /// <c>min over w of E[min(lag, w)] + worth * P(lag &gt; w)</c>.
    /// </summary>
    /// <param name="worth">The time that a sum is worth.</param>
    /// <returns>The end of a bucket, or 0.</returns>
    internal long CheapestWait(double worth)
    {
        double all = _missing;
        foreach (float count in _came)
        {
            all += count;
        }

        double later = all;    // sums that come after w, or not
        double waited = 0;     // what those before have cost
        double least = worth * later;
        long best = 0;
        for (int bucket = 0; bucket < Buckets; bucket++)
        {
            long end = End(bucket);
            later -= _came[bucket];
            waited += _came[bucket] * (double)end;
            double cost = waited + later * (end + worth);
            if (cost < least)
            {
                (least, best) = (cost, end);
            }
        }

        return best;
    }

    private static int Bucket(long lag)
    {
        ulong value = (ulong)Math.Max(lag, 1);
        int bits = BitOperations.Log2(value);
        if (bits < FirstBits)
        {
            return 0;
        }

        int quarter = (int)(value >> (bits - 2)) & (PerDoubling - 1);
        return Math.Min(Buckets - 1, ((bits - FirstBits) * PerDoubling) + quarter + 1);
    }

    // Where the next bucket begins.
    private static long End(int bucket)
    {
        int quarters = bucket % PerDoubling;
        return (long)(PerDoubling + quarters) << (FirstBits - 2 + (bucket / PerDoubling));
    }

    private void Count()
    {
        Samples = Math.Min(Samples + 1, Memory);
        if (++_samples == Memory)
        {
            _samples = 0;
            _missing /= 2;
            for (int bucket = 0; bucket < Buckets; bucket++)
            {
                _came[bucket] /= 2;
            }
        }
    }
}
