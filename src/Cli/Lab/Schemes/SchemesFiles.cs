using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Halo.Cli.Lab.Schemes;

/// <summary>The cells as files: a table for programs (JSON, CSV) and curves for people (SVG).</summary>
internal static class SchemesFiles
{
    private static readonly (string Name, Func<SchemeCell, object?> Value)[] s_columns =
    [
        ("scheme", cell => cell.Scheme),
        ("boards", cell => cell.Boards),
        ("delay_ms", cell => cell.DelayMs),
        ("loss_percent", cell => cell.LossPercent),
        ("burst_ms", cell => cell.BurstMs),
        ("bad_percent", cell => cell.BadPercent),
        ("tokens", cell => cell.Tokens),
        ("tpot_ms", cell => cell.TpotMs),
        ("tpot_p50_ms", cell => cell.TpotP50Ms),
        ("tpot_p99_ms", cell => cell.TpotP99Ms),
        ("ttft_ms", cell => cell.TtftMs),
        ("ratio_to_t0", cell => cell.Ratio),
        ("speed_up_over_tcp", cell => cell.SpeedUp),
        ("speed_up_over_tcp_low_rto", cell => cell.SpeedUpLowRto),
        ("perplexity", cell => cell.Perplexity),
        ("perplexity_ratio", cell => cell.PerplexityRatio),
        ("perplexity_ratio_error", cell => cell.PerplexityRatioError),
        ("cpu_ms_per_token", cell => cell.ProcessorMsPerToken),
        ("frames_per_token", cell => cell.FramesPerToken),
        ("fault", cell => cell.Fault),
    ];

    /// <summary>Writes <c>halo-BOARDS-DELAYms.json</c>, <c>.csv</c>, <c>-tpot.svg</c> and <c>-perplexity.svg</c>.</summary>
    /// <param name="folder">Where to; made where it is missing.</param>
    /// <param name="cells">At least one; all of as many boards.</param>
    /// <returns>The files.</returns>
    internal static IReadOnlyList<string> Write(string folder, IReadOnlyList<SchemeCell> cells)
    {
        Directory.CreateDirectory(folder);
        SchemeCell first = cells[0];
        string name = string.Create(CultureInfo.InvariantCulture, $"halo-{first.Boards}-{first.DelayMs:0.##}ms");
        string title = string.Create(CultureInfo.InvariantCulture, $"{first.Boards} boards, {first.DelayMs:0.##} ms one way");
        (string File, string Text)[] files =
        [
            ($"{name}.json", JsonSerializer.Serialize(cells, SchemesJson.Default.IReadOnlyListSchemeCell) + "\n"),
            ($"{name}.csv", Csv(cells)),
            ($"{name}-tpot.svg", Plot($"Time per token, {title}", "TPOT, ms", cells, cell => cell.TpotMs)),
            ($"{name}-perplexity.svg", Plot($"Perplexity beside one board's, {title}", "ratio", [.. cells.Where(cell => cell.PerplexityRatio != 0)], cell => cell.PerplexityRatio)),
        ];
        foreach ((string file, string text) in files)
        {
            File.WriteAllText(Path.Combine(folder, file), text);
        }

        return [.. files.Select(file => Path.Combine(folder, file.File))];
    }

    private static string Csv(IReadOnlyList<SchemeCell> cells)
    {
        StringBuilder text = new(string.Join(',', s_columns.Select(column => column.Name)));
        foreach (SchemeCell cell in cells)
        {
            text.Append('\n').AppendJoin(',', s_columns.Select(column => column.Value(cell) switch
            {
                null => "",
                double number => number.ToString("G6", CultureInfo.InvariantCulture),
                string words => $"\"{words.Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
                object other => Convert.ToString(other, CultureInfo.InvariantCulture),
            }));
        }

        return text.Append('\n').ToString();
    }

    private static string Plot(string title, string yTitle, IReadOnlyList<SchemeCell> cells, Func<SchemeCell, double> value)
    {
        SchemeCell[] measured = [.. cells.Where(cell => cell.Fault is null)];
        Curve[] curves = [.. measured.GroupBy(cell => cell.Scheme).Select(scheme => new Curve(
            scheme.Key,
            [.. scheme.Where(cell => cell.BurstMs is null).OrderBy(cell => cell.LossPercent).Select(cell => (cell.LossPercent, value(cell)))],
            scheme.Where(cell => cell.BurstMs is not null).Select(cell => (double?)value(cell)).FirstOrDefault()))];
        return new CurvePlot(title, "packets lost, %", yTitle, "bad periods").Draw(curves);
    }
}
