using System.Text.Json.Serialization;
using Halo.Cli.Hosting;
using Halo.Inference.Model;
using Halo.Inference.Quantization;

namespace Halo.Cli.Eval;

/// <summary>What to score, and on how many boards.</summary>
/// <param name="Text">The text file.</param>
/// <param name="Context">Tokens of a sequence; null takes the usual number.</param>
/// <param name="Chunks">Sequences; null takes all.</param>
/// <param name="Protocol">How the text is cut.</param>
/// <param name="Boards">Boards in this process.</param>
/// <param name="Threads">Compute threads of this process's boards together.</param>
/// <param name="Network">Boards in other processes.</param>
/// <param name="Simulated">What links between boards of this process lose.</param>
internal sealed record PerplexitySetting(
    string Text, int? Context, int? Chunks, ScoringProtocol Protocol, int Boards, int Threads, NetworkSetting Network, SimulatedSetting Simulated)
{
    /// <summary>Where this process's boards compute from.</summary>
    internal WeightMode Weights { get; init; }

    /// <summary>How keys and values are kept.</summary>
    internal KvType KvType { get; init; }
}

/// <summary>A text's score as the command prints it.</summary>
/// <param name="Model">The model file.</param>
/// <param name="Text">The text file.</param>
/// <param name="Protocol"><c>windows</c> or <c>stories</c>.</param>
/// <param name="Context">Tokens of a sequence, at most.</param>
/// <param name="Chunks">Sequences scored.</param>
/// <param name="Boards">Boards.</param>
/// <param name="Perplexity">exp of the mean negative log-probability.</param>
/// <param name="StandardError">The perplexity's standard error.</param>
/// <param name="Nll">Mean negative log-probability, nats per token.</param>
/// <param name="Tokens">Tokens scored.</param>
/// <param name="Seconds">Time of the scoring, without loading.</param>
/// <param name="LossFree">What losses cost; null where none were simulated.</param>
internal sealed record PerplexityReport(
    string Model,
    string Text,
    string Protocol,
    int Context,
    int Chunks,
    int Boards,
    double Perplexity,
    double StandardError,
    double Nll,
    long Tokens,
    double Seconds,
    LossComparison? LossFree)
{
    /// <param name="score">The text's score.</param>
    /// <param name="lossFree">Its score on one board; null where nothing gets lost.</param>
    /// <param name="file">The model.</param>
    /// <param name="setting">What was asked for.</param>
    /// <param name="context">Tokens of a sequence, at most.</param>
    /// <param name="chunks">Sequences.</param>
    internal static PerplexityReport Of(Perplexity score, Perplexity? lossFree, ModelFile file, PerplexitySetting setting, int context, int chunks) => new(
        file.Path,
        setting.Text,
        setting.Protocol == ScoringProtocol.Windows ? "windows" : "stories",
        context,
        chunks,
        setting.Boards + setting.Network.Boards.Count,
        score.Value,
        score.StandardError,
        score.Nll,
        score.Tokens,
        score.Elapsed.TotalSeconds,
        lossFree is null ? null : LossComparison.Of(score, lossFree));
}

/// <summary>A text's score beside the same without losses, sequence by sequence.</summary>
/// <param name="Perplexity">Perplexity without losses.</param>
/// <param name="Ratio">Perplexity with them, as a ratio to that.</param>
/// <param name="RatioError">The ratio's standard error, sequences taken as independent.</param>
internal sealed record LossComparison(double Perplexity, double Ratio, double RatioError)
{
    internal static LossComparison Of(Perplexity score, Perplexity lossFree)
    {
        double difference = score.Nll - lossFree.Nll;
        double[] deviations =
        [
            .. score.Pieces.Zip(lossFree.Pieces, (with, without) => with.Sum - without.Sum - (difference * with.Count)),
        ];
        double error = Math.Sqrt(deviations.Sum(deviation => deviation * deviation)) / score.Tokens;
        return new LossComparison(lossFree.Value, Math.Exp(difference), Math.Exp(difference) * error);
    }
}

// A broken model may score infinity or NaN; JSON has no numbers for those, so they are written as strings.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(PerplexityReport))]
internal sealed partial class PerplexityJson : JsonSerializerContext;
