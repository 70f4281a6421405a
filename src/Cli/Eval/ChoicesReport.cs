using System.Text.Json.Serialization;
using Halo.Cli.Hosting;
using Halo.Inference.Quantization;

namespace Halo.Cli.Eval;

/// <summary>What to choose between, and on how many boards.</summary>
/// <param name="Files">Files of pairs.</param>
/// <param name="Limit">Pairs of a file; null takes all.</param>
/// <param name="InFlight">Sequences at a time.</param>
/// <param name="Boards">Boards in this process.</param>
/// <param name="Threads">Compute threads of this process's boards together.</param>
/// <param name="Network">Boards in other processes.</param>
/// <param name="Simulated">What links between boards of this process lose.</param>
internal sealed record ChoicesSetting(IReadOnlyList<string> Files, int? Limit, int InFlight, int Boards, int Threads, NetworkSetting Network, SimulatedSetting Simulated)
{
    /// <summary>How keys and values are kept.</summary>
    internal KvType KvType { get; init; }
}

/// <summary>Accuracy on one file as the command prints it.</summary>
/// <param name="File">The file.</param>
/// <param name="Pairs">Pairs.</param>
/// <param name="Right">Pairs where the good sentence is likelier.</param>
/// <param name="Accuracy">Their share, 0 to 1.</param>
/// <param name="StandardError">The accuracy's binomial standard error.</param>
internal sealed record ChoicesFileReport(string File, int Pairs, int Right, double Accuracy, double StandardError);

/// <summary>Accuracies as the command prints them.</summary>
/// <param name="Model">The model file.</param>
/// <param name="Boards">Boards.</param>
/// <param name="InFlight">Sequences at a time.</param>
/// <param name="Pairs">Pairs of all files.</param>
/// <param name="Right">Pairs where the good sentence is likelier.</param>
/// <param name="Accuracy">Their share, 0 to 1.</param>
/// <param name="StandardError">The accuracy's binomial standard error.</param>
/// <param name="Tokens">Tokens scored.</param>
/// <param name="Seconds">Time of the scoring, without loading.</param>
/// <param name="Files">File by file.</param>
internal sealed record ChoicesReport(
    string Model,
    int Boards,
    int InFlight,
    int Pairs,
    int Right,
    double Accuracy,
    double StandardError,
    long Tokens,
    double Seconds,
    IReadOnlyList<ChoicesFileReport> Files)
{
    internal static ChoicesReport Of(Choices choices, ModelFile model, ChoicesSetting setting) => new(
        model.Path,
        setting.Boards + setting.Network.Boards.Count,
        setting.InFlight,
        choices.All.Pairs,
        choices.All.Right,
        choices.All.Value,
        choices.All.StandardError,
        choices.Tokens,
        choices.Elapsed.TotalSeconds,
        [.. choices.Files.Zip(setting.Files, (file, path) => new ChoicesFileReport(path, file.Pairs, file.Right, file.Value, file.StandardError))]);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ChoicesReport))]
internal sealed partial class ChoicesJson : JsonSerializerContext;
