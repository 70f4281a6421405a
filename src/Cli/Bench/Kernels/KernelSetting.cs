using System.Text.Json.Serialization;
using Halo.Inference.Quantization;

namespace Halo.Cli.Bench.Kernels;

/// <summary>What to measure.</summary>
/// <param name="Types">Weight types.</param>
/// <param name="Rows">Outputs of a matrix.</param>
/// <param name="Columns">Inputs of a matrix.</param>
/// <param name="Tokens">Rows of activations: 1 is decoding, more is a prompt.</param>
/// <param name="Threads">Compute threads.</param>
/// <param name="Rounds">Rounds after the warm-up.</param>
/// <param name="Bytes">Weights to go through in a round: copies of the matrix. More than the caches hold is cold, fewer than a copy is one.</param>
internal sealed record KernelSetting(TensorType[] Types, int Rows, int Columns, int Tokens, int Threads, int Rounds, long Bytes);

/// <summary>What was measured.</summary>
/// <param name="Kernels">The instruction tier and why it was taken.</param>
/// <param name="Rows">Outputs of a matrix.</param>
/// <param name="Columns">Inputs of a matrix.</param>
/// <param name="Tokens">Rows of activations.</param>
/// <param name="Threads">Compute threads.</param>
/// <param name="Rounds">Rounds.</param>
/// <param name="BarrierNs">The best of many empty rounds of the team, in nanoseconds.</param>
/// <param name="ForeignCores">Cores that other processes kept busy meanwhile; null where that is not known.</param>
/// <param name="Results">One for each type and layout.</param>
internal sealed record KernelReport(
    string Kernels, int Rows, int Columns, int Tokens, int Threads, int Rounds, double BarrierNs, double? ForeignCores, IReadOnlyList<KernelResult> Results);

/// <summary>One type in one layout.</summary>
/// <param name="Type">Weight type.</param>
/// <param name="Layout"><c>file</c> or <c>panels</c>.</param>
/// <param name="Copies">Matrices a round.</param>
/// <param name="Bytes">Bytes of weights a round.</param>
/// <param name="LimitGBs">What a read loop over the same bytes reaches with the same threads, median, in 10^9 bytes a second.</param>
/// <param name="GBs">What the kernel reaches, median.</param>
/// <param name="BestGBs">The same, best round.</param>
/// <param name="GFlops">Multiplications and additions, median, in 10^9 a second.</param>
/// <param name="Ratio">Kernel to limit, medians.</param>
/// <param name="BestRatio">Kernel to limit, best rounds.</param>
internal sealed record KernelResult(
    string Type, string Layout, int Copies, long Bytes, double LimitGBs, double GBs, double BestGBs, double GFlops, double Ratio, double BestRatio);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(KernelReport))]
internal sealed partial class KernelJson : JsonSerializerContext;
