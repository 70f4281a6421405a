using System.Diagnostics;

namespace Halo.Cli.Bench;

/// <summary>Times of the same thing, in seconds.</summary>
internal sealed class Rounds
{
    /// <summary>The fewest rounds from which a median is told.</summary>
    internal const int Fewest = 9;

    private readonly List<double> _seconds = [];

    /// <summary>The shortest.</summary>
    internal double Best => _seconds.Min();

    /// <summary>The one in the middle.</summary>
    internal double Median => MedianOf(_seconds);

    /// <summary>The number in the middle, or between the two there.</summary>
    internal static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Runs once and keeps the time.</summary>
    internal void Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Keeps a time.</summary>
    internal void Add(double seconds) => _seconds.Add(seconds);
}
