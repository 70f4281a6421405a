using System.Globalization;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>How long streams stood still when boards were lost, and how long until they and the next answer were whole.</summary>
internal sealed class LossTimes(string loss)
{
    private readonly List<TimeSpan> _stood = [];
    private readonly List<TimeSpan> _answered = [];

    internal void Add(TimeSpan stood, TimeSpan answered)
    {
        _stood.Add(stood);
        _answered.Add(answered);
    }

    /// <summary>Writes the figures, and checks that the slowest of twenty went on in time.</summary>
    internal void Report(ITestOutputHelper output, TimeSpan limit)
    {
        output.WriteLine($"{loss}, {_stood.Count} times: stood still for {Text(_stood)}; whole, with the next answer, {Text(_answered)}");
        Assert.InRange(Percentile(_stood, 0.95), TimeSpan.Zero, limit);
    }

    private static string Text(List<TimeSpan> times) => string.Create(
        CultureInfo.InvariantCulture,
        $"median {Percentile(times, 0.5).TotalSeconds:0.000} s, p95 {Percentile(times, 0.95).TotalSeconds:0.000} s, most {times.Max().TotalSeconds:0.000} s");

    /// <summary>By nearest rank.</summary>
    internal static TimeSpan Percentile(List<TimeSpan> times, double share) => times.Order().ElementAt((int)Math.Ceiling(share * times.Count) - 1);
}
