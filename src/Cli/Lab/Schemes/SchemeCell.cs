using System.Globalization;
using Halo.Cli.Lab.Loss;

namespace Halo.Cli.Lab.Schemes;

/// <summary>One cell of the table. Times are in milliseconds.</summary>
internal sealed record SchemeCell
{
    /// <summary>What was measured.</summary>
    public required string Scheme { get; init; }

    /// <summary>Board processes, the head's included.</summary>
    public required int Boards { get; init; }

    /// <summary>One-way delay of every link.</summary>
    public required double DelayMs { get; init; }

    /// <summary>Independent loss of packets, in percent.</summary>
    public required double LossPercent { get; init; }

    /// <summary>Mean length of bad periods; null where there are none.</summary>
    public double? BurstMs { get; init; }

    /// <summary>Percentage of the time that a link is bad; null where it never is.</summary>
    public double? BadPercent { get; init; }

    /// <summary>Why there are no figures; null where there are.</summary>
    public string? Fault { get; init; }

    /// <summary>Tokens measured.</summary>
    public int Tokens { get; init; }

    /// <summary>Time from a token to the next: its mean.</summary>
    public double TpotMs { get; init; }

    /// <summary>Its median.</summary>
    public double TpotP50Ms { get; init; }

    /// <summary>What 99 of 100 stay below.</summary>
    public double TpotP99Ms { get; init; }

    /// <summary>Time to a story's first token.</summary>
    public double TtftMs { get; init; }

    /// <summary>TPOT as a ratio to T0, the lowest TPOT without loss of all schemes with as many boards.</summary>
    public double? Ratio { get; init; }

    /// <summary>TPOT of TCP as the kernel comes in the same cell, as a ratio to this TPOT.</summary>
    public double? SpeedUp { get; init; }

    /// <summary>The same of TCP with a lowered minimum timer.</summary>
    public double? SpeedUpLowRto { get; init; }

    /// <summary>Perplexity of the tokens measured.</summary>
    public double Perplexity { get; init; }

    /// <summary>The same as a ratio to one board's on the same tokens.</summary>
    public double PerplexityRatio { get; init; }

    /// <summary>The standard error of that ratio, token by token against one board's.</summary>
    public double PerplexityRatioError { get; init; }

    /// <summary>Processor time of all board processes for a token, the emulator's not in it.</summary>
    public double ProcessorMsPerToken { get; init; }

    /// <summary>Packets sent for a token, acknowledgements and heartbeats included.</summary>
    public double FramesPerToken { get; init; }

    /// <summary>Their bytes, IP headers included.</summary>
    public double BytesPerToken { get; init; }

    /// <summary>What all boards count of chunks for a token, by the names of <see cref="LinkCounts"/>; null with streams.</summary>
    public Dictionary<string, double>? ChunksPerToken { get; init; }

    /// <summary>Times the emulator had no room; above 0 the cell is spoilt.</summary>
    public long Overflows { get; init; }

    /// <summary>The cell's loss in words.</summary>
    internal string Loss => BurstMs is null
        ? string.Create(CultureInfo.InvariantCulture, $"{LossPercent:0.##} %")
        : string.Create(CultureInfo.InvariantCulture, $"{BadPercent:0.##} % bad");

    /// <summary>A cell with what was measured in it.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="run">Times and scores.</param>
    /// <param name="reference">Scores of the same tokens, and perhaps more, on one board.</param>
    internal static SchemeCell Of(SchemeCell cell, HeadRun run, double[] reference)
    {
        double[] sorted = [.. run.TokenMs.Order()];
        double[] differences = [.. run.Scores!.Zip(reference, (score, exact) => exact - score)];
        double mean = differences.Average();
        double variance = differences.Sum(difference => (difference - mean) * (difference - mean)) / Math.Max(1, differences.Length - 1);
        return cell with
        {
            Tokens = run.Tokens.Length,
            TpotMs = sorted.Average(),
            TpotP50Ms = Quantile(sorted, 0.5),
            TpotP99Ms = Quantile(sorted, 0.99),
            TtftMs = run.FirstMs,
            Perplexity = Math.Exp(-run.Scores!.Average()),
            PerplexityRatio = Math.Exp(mean),
            PerplexityRatioError = Math.Exp(mean) * Math.Sqrt(variance / differences.Length),
        };
    }

    /// <summary>Cells of one number of boards, with their ratios to each other.</summary>
    internal static IReadOnlyList<SchemeCell> WithRatios(IReadOnlyList<SchemeCell> cells)
    {
        double? t0 = cells.Where(cell => cell is { LossPercent: 0, BurstMs: null, Fault: null }).Min(cell => (double?)cell.TpotMs);
        double? Of(SchemeCell cell, string scheme) => cells
            .FirstOrDefault(other => other.Scheme == scheme && other.Loss == cell.Loss && other.Fault is null)?.TpotMs / cell.TpotMs;
        return [.. cells.Select(cell => cell.Fault is not null ? cell : cell with
        {
            Ratio = cell.TpotMs / t0,
            SpeedUp = Of(cell, "tcp"),
            SpeedUpLowRto = Of(cell, "tcp-low-rto"),
        })];
    }

    private static double Quantile(double[] sorted, double share) => sorted[(int)Math.Ceiling(share * sorted.Length) - 1];
}
