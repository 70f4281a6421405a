using System.Text.Json.Serialization;
using Halo.Cli.Hosting;

namespace Halo.Cli.Eval;

/// <summary>What to score, and on how many boards.</summary>
/// <param name="Text">The text file.</param>
/// <param name="Context">Tokens of a sequence; null takes the usual number.</param>
/// <param name="Chunks">Sequences; null takes all.</param>
/// <param name="Protocol">How the text is cut.</param>
/// <param name="Boards">Boards in this process.</param>
/// <param name="Threads">Compute threads of this process's boards together.</param>
/// <param name="Network">Boards in other processes.</param>
internal sealed record PerplexitySetting(
    string Text, int? Context, int? Chunks, ScoringProtocol Protocol, int Boards, int Threads, NetworkSetting Network);

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
    double Seconds)
{
    internal static PerplexityReport Of(Perplexity score, ModelFile file, PerplexitySetting setting, int context, int chunks) => new(
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
        score.Elapsed.TotalSeconds);
}

// A broken model may score infinity or NaN; JSON has no numbers for those, so they are written as strings.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(PerplexityReport))]
internal sealed partial class PerplexityJson : JsonSerializerContext;
