using Halo.Cli.Hosting;

namespace Halo.Cli.Calibrate;

/// <summary>Prints a calibration as tables.</summary>
internal static class CalibrationTables
{
    internal static void Print(CommandConsole console, CalibrationReport report)
    {
        console.Answer(Choices("mass of the top half", report, stage => stage.Mass, _ => ""));
        console.Output.WriteLine();
        console.Answer(Choices("critical set found", report, stage => stage.Recall, stage => $"{stage.CriticalShare:P1}"));
        console.Output.WriteLine();
        TextTable sensitivity = new TextTable().Words("stage").Numbers("groups", "rank", "perplexity without a quarter");
        foreach (StageReport stage in report.Stages)
        {
            sensitivity.Row(Name(stage.Layer, stage.Kind), $"{stage.Groups}", $"{stage.Rank}", $"{Math.Round(100 * stage.Sensitivity, 1) + 0.0:+0.0;-0.0;0.0} %");
        }

        console.Answer(sensitivity);
        if (report.Regrouped is { } regrouped)
        {
            console.Output.WriteLine();
            PrintRegrouped(console, regrouped);
        }

        console.Output.WriteLine();
        console.Answer(new TextTable().Words("measure").Numbers("value")
            .Row("tokens fitted on", $"{report.FittedTokens:N0}")
            .Row("tokens held out", $"{report.HeldOutTokens:N0}")
            .Row("perplexity held out", $"{report.HeldOutPerplexity:0.000}")
            .Row("feed-forwards, a token", $"{report.FeedForwardMicroseconds:0.0} us")
            .Row("their predictors", $"{report.PredictorMicroseconds:0.00} us")
            .Row("predictors' share", $"{report.PredictorShare:P2}"));
    }

    private static TextTable Choices(string what, CalibrationReport report, Func<StageReport, ChoiceReport> figures, Func<StageReport, string> last)
    {
        TextTable table = new TextTable().Words(what).Numbers("static", "early", "predictor", "CATS", "TEAL", "oracle", "critical");
        foreach (StageReport stage in report.Stages)
        {
            ChoiceReport row = figures(stage);
            table.Row(
                Name(stage.Layer, stage.Kind), Cell(row.Static), Cell(row.Early), Cell(row.Same), Cell(row.Cats), Cell(row.Teal), Cell(row.Oracle), last(stage));
        }

        return table;
    }

    private static void PrintRegrouped(CommandConsole console, IReadOnlyList<RegroupReport> stages)
    {
        TextTable table = new TextTable().Words("regrouped").Numbers("static before", "after", "oracle before", "after");
        foreach (RegroupReport stage in stages)
        {
            table.Row(
                Name(stage.Layer, stage.Kind), Cell(stage.StaticBefore), Cell(stage.StaticAfter), Cell(stage.OracleBefore), Cell(stage.OracleAfter));
        }

        console.Answer(table);
    }

    private static string Name(int layer, string kind) => $"{layer} {kind}";

    private static string Cell(double? value) => value is { } number ? $"{number:0.0000}" : "-";
}
