using System.Globalization;

namespace Halo.Cli.Bench;

/// <summary>How much of the machine others used while something was measured. Linux; elsewhere it is not known.</summary>
internal sealed class ForeignLoad
{
    private const string Source = "/proc/stat";

    private readonly double _busy;
    private readonly double _own;
    private readonly long _start;

    private ForeignLoad(double busy, double own)
    {
        _busy = busy;
        _own = own;
        _start = System.Diagnostics.Stopwatch.GetTimestamp();
    }

    /// <summary>Begins to watch.</summary>
    internal static ForeignLoad Begin() => new(BusySeconds() ?? 0, OwnSeconds());

    /// <summary>Cores that others kept busy since the beginning, on average; null where that is not known.</summary>
    internal double? Cores()
    {
        double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(_start).TotalSeconds;
        return BusySeconds() is { } busy && seconds > 0 ? Math.Max(0, (busy - _busy - (OwnSeconds() - _own)) / seconds) : null;
    }

    private static double OwnSeconds() => Environment.CpuUsage.TotalTime.TotalSeconds;

    // The first line: user, nice, system, idle, iowait, irq, softirq, steal in hundredths of a second, all cores together.
    private static double? BusySeconds()
    {
        if (!File.Exists(Source))
        {
            return null;
        }

        using StreamReader reader = new(Source);
        string[] fields = reader.ReadLine()?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        double[] ticks = [.. fields.Skip(1).Take(8).Select(field => double.Parse(field, CultureInfo.InvariantCulture))];
        return ticks.Length == 8 ? (ticks.Sum() - ticks[3] - ticks[4]) / 100 : null;
    }
}
