using System.Globalization;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>How long it took to notice lost boards, and to the next good answer.</summary>
internal sealed class LossTimes(string loss)
{
    private readonly List<TimeSpan> _noticed = [];
    private readonly List<TimeSpan> _answered = [];

    internal void Add(TimeSpan noticed, TimeSpan answered)
    {
        _noticed.Add(noticed);
        _answered.Add(answered);
    }

    /// <summary>Writes the figures, and checks that the slowest of twenty was noticed in time.</summary>
    internal void Report(ITestOutputHelper output, TimeSpan limit)
    {
        output.WriteLine($"{loss}, {_noticed.Count} times: noticed {Text(_noticed)}; next good answer {Text(_answered)}");
        Assert.InRange(Percentile(_noticed, 0.95), TimeSpan.Zero, limit);
    }

    private static string Text(List<TimeSpan> times) => string.Create(
        CultureInfo.InvariantCulture,
        $"median {Percentile(times, 0.5).TotalSeconds:0.000} s, p95 {Percentile(times, 0.95).TotalSeconds:0.000} s, most {times.Max().TotalSeconds:0.000} s");

    // Nearest rank.
    private static TimeSpan Percentile(List<TimeSpan> times, double share) => times.Order().ElementAt((int)Math.Ceiling(share * times.Count) - 1);
}
