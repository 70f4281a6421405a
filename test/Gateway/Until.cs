using System.Diagnostics;

namespace Halo.Gateway;

/// <summary>Waits for conditions that no event announces.</summary>
internal static class Until
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    /// <summary>Returns once the condition holds; fails naming it where it does not in time.</summary>
    public static async Task TrueAsync(string awaited, Func<Task<bool>> condition)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < s_deadline, $"waited {s_deadline.TotalSeconds} s in vain until {awaited}");
            await Task.Delay(10);
        }
    }
}
