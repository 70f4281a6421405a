using System.Text.Json.Serialization;
using Halo.Cli.Hosting;

namespace Halo.Cli.Bench;

/// <summary>What to measure.</summary>
/// <param name="Boards">Numbers of boards.</param>
/// <param name="Threads">Compute threads of all boards of one cluster together.</param>
/// <param name="Tokens">Tokens a round.</param>
/// <param name="Rounds">Rounds after the warm-up.</param>
internal sealed record DecodeSetting(int[] Boards, int Threads, int Tokens, int Rounds);

/// <summary>What was measured.</summary>
/// <param name="Model">The model file.</param>
/// <param name="Threads">Compute threads.</param>
/// <param name="Tokens">Tokens a round.</param>
/// <param name="Results">One entry for each number of boards, in the order asked for.</param>
internal sealed record DecodeReport(string Model, int Threads, int Tokens, IReadOnlyList<DecodeResult> Results)
{
    internal static DecodeReport Of(ModelFile file, DecodeSetting setting, List<double>[] rates)
    {
        double first = Median(rates[0]);
        return new DecodeReport(file.Path, setting.Threads, setting.Tokens, [.. setting.Boards.Select((boards, i) =>
            new DecodeResult(boards, rates[i], Median(rates[i]), rates[i].Max(), Median(rates[i]) / first))]);
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>Decode speed on one number of boards, in tokens per second.</summary>
/// <param name="Boards">Boards.</param>
/// <param name="Rounds">Each round.</param>
/// <param name="Median">The median round.</param>
/// <param name="Best">The fastest round.</param>
/// <param name="Ratio">The median as a ratio to that of the first number of boards.</param>
internal sealed record DecodeResult(int Boards, IReadOnlyList<double> Rounds, double Median, double Best, double Ratio);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DecodeReport))]
internal sealed partial class DecodeJson : JsonSerializerContext;
