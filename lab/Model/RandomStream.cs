using System.Numerics;

namespace Halo.Lab.Model;

/// <summary>What a stream of random numbers is for: each use of each directed link has its own, so that a change of one moves no other.</summary>
internal enum StreamUse
{
    Loss,
    Bursts,
    Jitter,
    Reorder,
    Duplicate,
}

/// <summary>
/// A stream of random numbers: xoshiro256**, seeded through SplitMix64 (Blackman and Vigna). Neighbouring seeds of a simple generator are correlated;
/// the seed here is a hash of all that names the stream, and a test measures the correlation between links.
/// </summary>
internal sealed class RandomStream
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    internal RandomStream(ulong seed)
    {
        _a = Mix(seed += Golden);
        _b = Mix(seed += Golden);
        _c = Mix(seed += Golden);
        _d = Mix(seed + Golden);
    }

    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>The stream of a directed link.</summary>
    /// <param name="seed">The laboratory's seed.</param>
    /// <param name="from">The sending end, from 0.</param>
    /// <param name="to">The receiving end, from 0.</param>
    /// <param name="use">What the numbers are for.</param>
    internal static RandomStream Of(ulong seed, int from, int to, StreamUse use)
    {
        ulong hash = Mix(seed + Golden);
        hash = Mix(hash + ((ulong)from * Golden) + 1);
        hash = Mix(hash + ((ulong)to * Golden) + 2);
        return new RandomStream(Mix(hash + ((ulong)use * Golden) + 3));
    }

    /// <summary>Evenly spread from 0, inclusive, to 1, exclusive.</summary>
    internal double NextUnit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Exponentially spread with this mean, in whole units of it, at least 1.</summary>
    internal long NextExponential(double mean) => Math.Max(1, (long)(-Math.Log(1 - NextUnit()) * mean));

    private ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        ulong shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
