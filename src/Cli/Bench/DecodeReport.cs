using System.Text.Json.Serialization;
using Halo.Cli.Hosting;
using Halo.Inference.Model;
using Halo.Inference.Quantization;

namespace Halo.Cli.Bench;

/// <summary>What to measure.</summary>
/// <param name="Boards">Numbers of boards; 1 and all where boards in other processes take part.</param>
/// <param name="Threads">Compute threads of this process's boards of one cluster together.</param>
/// <param name="Tokens">Tokens a round.</param>
/// <param name="Rounds">Rounds after the warm-up.</param>
/// <param name="Network">Boards in other processes.</param>
/// <param name="MemoryBytes">Memory of each board of this process; null for most of what the machine allows.</param>
internal sealed record DecodeSetting(int[] Boards, int Threads, int Tokens, int Rounds, NetworkSetting Network, long? MemoryBytes = null)
{
    /// <summary>Where this process's boards compute from.</summary>
    internal WeightMode Weights { get; init; }

    /// <summary>How keys and values are kept.</summary>
    internal KvType KvType { get; init; }
}

/// <summary>What was measured.</summary>
/// <param name="Model">The model file.</param>
/// <param name="Threads">Compute threads.</param>
/// <param name="Tokens">Tokens a round.</param>
/// <param name="RemoteBoards">Control endpoints of boards in other processes, which take part in all results but the first.</param>
/// <param name="ReadLimit">What this machine reads with as many threads.</param>
/// <param name="Results">One entry for each number of boards, in the order asked for.</param>
internal sealed record DecodeReport(
    string Model, int Threads, int Tokens, IReadOnlyList<string> RemoteBoards, ReadLimit ReadLimit, IReadOnlyList<DecodeResult> Results)
{
    /// <summary>The instruction tier and why it was taken.</summary>
    public string Kernels { get; init; } = "";

    /// <summary>Cores that other processes kept busy meanwhile; null where that is not known.</summary>
    public double? ForeignCores { get; init; }

    internal static DecodeReport Of(ModelFile file, DecodeSetting setting, List<double>[] rates, ReadLimit limit)
    {
        double first = Rounds.MedianOf(rates[0]);
        return new DecodeReport(file.Path, setting.Threads, setting.Tokens, setting.Network.Boards, limit, [.. setting.Boards.Select((boards, i) =>
            new DecodeResult(boards, rates[i], Rounds.MedianOf(rates[i]), 1e3 / Rounds.MedianOf(rates[i]), rates[i].Max(), Rounds.MedianOf(rates[i]) / first, Rounds.MedianOf(rates[i]) * limit.Bytes / 1e9 / limit.GBs))]);
    }
}

/// <summary>Decode speed on one number of boards, in tokens per second.</summary>
/// <param name="Boards">Boards.</param>
/// <param name="Rounds">Each round.</param>
/// <param name="Median">The median round.</param>
/// <param name="TpotMs">The median round's time per output token, in milliseconds.</param>
/// <param name="Best">The fastest round.</param>
/// <param name="Ratio">The median as a ratio to that of the first number of boards.</param>
/// <param name="ReadRatio">The weights' bytes times the median, as a ratio to the median of the read loop over the same bytes in this process.</param>
internal sealed record DecodeResult(int Boards, IReadOnlyList<double> Rounds, double Median, double TpotMs, double Best, double Ratio, double ReadRatio);

/// <summary>What a read loop reaches, in 10^9 bytes a second.</summary>
/// <param name="Bytes">Bytes of weights that a token needs.</param>
/// <param name="GBs">The median.</param>
/// <param name="BestGBs">The best.</param>
internal sealed record ReadLimit(long Bytes, double GBs, double BestGBs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DecodeReport))]
internal sealed partial class DecodeJson : JsonSerializerContext;
