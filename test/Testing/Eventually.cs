using System.Diagnostics;

namespace Halo.Testing;

/// <summary>Waits for a condition that no event announces, and says what was awaited when it does not come true.</summary>
public static class Eventually
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    /// <summary>Looks again and again until <paramref name="condition"/> holds.</summary>
    public static async Task True(Func<Task<bool>> condition, string awaited)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > s_limit)
            {
                throw new TimeoutException($"Waited {s_limit.TotalSeconds:0} s for {awaited}.");
            }

            await Task.Yield();
        }
    }
}
