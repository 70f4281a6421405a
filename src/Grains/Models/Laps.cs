using System.Diagnostics;

namespace Halo.Grains.Models;

/// <summary>Measures how long the parts of a work take, one after the other.</summary>
internal sealed class Laps
{
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Seconds since the call before, or since the beginning.</summary>
    internal double Next()
    {
        long now = Stopwatch.GetTimestamp();
        double seconds = Stopwatch.GetElapsedTime(_last, now).TotalSeconds;
        _last = now;
        return seconds;
    }
}
