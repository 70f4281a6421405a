using System.Globalization;
using System.Text.RegularExpressions;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Where the time goes when a board is lost, by the times in the gateway's log.</summary>
internal sealed partial class LossParts
{
    private const int StepFailed = 4002;
    private const int Replaying = 4006;
    private const int PlanCarriedOut = 4008;

    private readonly List<(DateTime Time, int Event, string Text)> _lines;

    private LossParts(List<(DateTime Time, int Event, string Text)> lines) => _lines = lines;

    /// <summary>Has a gateway write the time of each line of its log, as the parts need it.</summary>
    internal static string[] GatewayArguments { get; } =
    [
        "--Logging:Console:FormatterName", "simple",
        "--Logging:Console:FormatterOptions:TimestampFormat", "yyyy-MM-dd HH:mm:ss.fff ",
        "--Logging:Console:FormatterOptions:UseUtcTimestamp", "true",
    ];

    /// <summary>Reads a gateway's log.</summary>
    internal static LossParts Of(string log) => new([.. Line().Matches(log).Select(match => (
        DateTime.ParseExact(match.Groups["time"].ValueSpan, "yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture),
        int.Parse(match.Groups["event"].ValueSpan, CultureInfo.InvariantCulture),
        match.Groups["text"].Value.Trim()))]);

    /// <summary>The parts of one loss: until the step is given up, until the new plan is carried out, and until the next token.</summary>
    /// <param name="lost">When the board was killed, in UTC.</param>
    /// <param name="stood">How long the stream stood still from then on.</param>
    internal string Describe(DateTime lost, TimeSpan stood)
    {
        if (First(StepFailed, lost) is not { } failed || First(Replaying, failed.Time) is not { } replaying)
        {
            return "no step failed";
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"noticed {(failed.Time - lost).TotalSeconds:0.000} s, planned anew {(replaying.Time - failed.Time).TotalSeconds:0.000} s, "
            + $"computed again {(lost + stood - replaying.Time).TotalSeconds:0.000} s. {First(PlanCarriedOut, replaying.Time)?.Text}");
    }

    private (DateTime Time, int Event, string Text)? First(int wanted, DateTime from) =>
        _lines.Where(line => line.Event == wanted && line.Time >= from).Select(line => ((DateTime, int, string)?)line).FirstOrDefault();

    [GeneratedRegex(@"^(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \w+: \S+\[(?<event>\d+)\]\s+(?<text>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Line();
}
