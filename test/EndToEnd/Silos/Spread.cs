using System.Globalization;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>Times of one kind, to be told together.</summary>
/// <param name="what">What took them.</param>
internal sealed class Spread(string what)
{
    private readonly List<TimeSpan> _times = [];

    /// <summary>The longest.</summary>
    internal TimeSpan Longest => _times.Max();

    internal void Add(TimeSpan time) => _times.Add(time);

    public override string ToString()
    {
        double[] seconds = [.. _times.Select(time => time.TotalSeconds).Order()];
        return string.Create(
            CultureInfo.InvariantCulture, $"{what}: p50 {At(seconds, 0.5):0.00} s, p95 {At(seconds, 0.95):0.00} s, most {seconds[^1]:0.00} s of {seconds.Length}");
    }

    private static double At(double[] sorted, double share) => sorted[(int)Math.Ceiling(share * sorted.Length) - 1];
}
