using System.Text.Json.Serialization;
using Halo.Planning.Importance;

namespace Halo.Cli.Calibrate;

/// <summary>A calibration as the command prints it.</summary>
/// <param name="Model">The model file that the importance belongs to.</param>
/// <param name="Output">The importance file.</param>
/// <param name="FittedTokens">Tokens fitted on.</param>
/// <param name="HeldOutTokens">Other tokens, that the rest was measured on.</param>
/// <param name="HeldOutPerplexity">Perplexity of the sample that the sensitivities were measured on.</param>
/// <param name="PredictorShare">Time of the predictors as a share of the feed-forwards' time, one token on one thread.</param>
/// <param name="FeedForwardMicroseconds">Median time of the layers' feed-forwards together.</param>
/// <param name="PredictorMicroseconds">Median time of their predictors together.</param>
/// <param name="Stages">By stage.</param>
/// <param name="Regrouped">What regrouping did, by stage; null without it.</param>
internal sealed record CalibrationReport(
    string Model,
    string Output,
    long FittedTokens,
    long HeldOutTokens,
    double HeldOutPerplexity,
    double PredictorShare,
    double FeedForwardMicroseconds,
    double PredictorMicroseconds,
    IReadOnlyList<StageReport> Stages,
    IReadOnlyList<RegroupReport>? Regrouped)
{
    internal static CalibrationReport Of(string model, CalibrateSetting setting, CalibrationResult result, IReadOnlyList<RegroupReport>? regrouped) => new(
        model,
        setting.Output,
        result.FittedTokens,
        result.MeasuredTokens,
        Math.Exp(result.WholeNll),
        result.Cost.Share,
        result.Cost.FeedForwardMicroseconds.Sum(),
        result.Cost.PredictorMicroseconds.Sum(),
        [.. result.Importance.Stages.Select((stage, i) => StageReport.Of(i, stage, result.Choices[i]))],
        regrouped);
}

/// <summary>One stage of a calibration.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Kind"><c>attention</c> or <c>feed-forward</c>.</param>
/// <param name="Groups">Groups of the stage.</param>
/// <param name="Rank">Rank of its predictors.</param>
/// <param name="Mass">Mean mass captured with half of the groups.</param>
/// <param name="Recall">Mean share of the critical set found with a set of its size.</param>
/// <param name="CriticalShare">Mean size of the critical set, as a share of the groups.</param>
/// <param name="Sensitivity">Perplexity without a quarter of the groups, divided by that with all, less 1.</param>
internal sealed record StageReport(
    int Layer, string Kind, int Groups, int Rank, ChoiceReport Mass, ChoiceReport Recall, double CriticalShare, double Sensitivity)
{
    internal static StageReport Of(int index, StageImportance stage, ChoiceScores scores) => new(
        index / 2,
        index % 2 == 0 ? "attention" : "feed-forward",
        stage.GroupCount,
        stage.Predictor!.Rank,
        ChoiceReport.Of(scores.Mass),
        ChoiceReport.Of(scores.Recall),
        scores.CriticalShare,
        stage.Sensitivity);
}

/// <summary>A figure for each way to choose groups, see <see cref="Choice"/>; null where a stage has no such way.</summary>
internal sealed record ChoiceReport(double? Static, double? Early, double? Same, double? Cats, double? Teal, double? Oracle)
{
    internal static ChoiceReport Of(double[] figures)
    {
        return new ChoiceReport(At(Choice.Static), At(Choice.Early), At(Choice.Same), At(Choice.Cats), At(Choice.Teal), At(Choice.Oracle));

        double? At(Choice choice) => double.IsNaN(figures[(int)choice]) ? null : figures[(int)choice];
    }
}

/// <summary>How concentrated a stage's importance was before it was regrouped and is after, on the same held-out tokens.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Kind"><c>attention</c> or <c>feed-forward</c>.</param>
/// <param name="StaticBefore">Mean mass of the half of the groups with the largest mean importance, before.</param>
/// <param name="StaticAfter">The same after.</param>
/// <param name="OracleBefore">Mean mass of the best half for each token, before.</param>
/// <param name="OracleAfter">The same after.</param>
internal sealed record RegroupReport(int Layer, string Kind, double StaticBefore, double StaticAfter, double OracleBefore, double OracleAfter);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CalibrationReport))]
internal sealed partial class CalibrationJson : JsonSerializerContext;
