using System.Text.Json.Serialization;

namespace Halo.Cli.Bench;

/// <summary>What to measure.</summary>
/// <param name="MemoryLimit">Bytes that this process may take.</param>
/// <param name="Threads">Compute threads.</param>
/// <param name="Tokens">Tokens a round.</param>
/// <param name="Readers">Reads in flight.</param>
/// <param name="Share">The share of neuron groups that is loaded where some are left out.</param>
/// <param name="DeadlineMs">The deadline of the round with one; null for none.</param>
/// <param name="CacheFolder">Where pieces are kept; null for the user's cache folder.</param>
internal sealed record StreamSetting(long MemoryLimit, int Threads, int Tokens, int Readers, double Share, double? DeadlineMs, string? CacheFolder);

/// <summary>What was measured.</summary>
/// <param name="Model">The model file.</param>
/// <param name="ModelBytes">Its size.</param>
/// <param name="MemoryLimit">Bytes that this process was to take.</param>
/// <param name="ControlGroup">Whether a control group held it to that, page cache included.</param>
/// <param name="PeakBytes">The most that the control group took; null without one.</param>
/// <param name="Threads">Compute threads.</param>
/// <param name="Readers">Reads in flight.</param>
/// <param name="Tokens">Tokens a round.</param>
/// <param name="Results">One entry for each way to stream.</param>
internal sealed record StreamReport(
    string Model, long ModelBytes, long MemoryLimit, bool ControlGroup, long? PeakBytes, int Threads, int Readers, int Tokens, IReadOnlyList<StreamResult> Results);

/// <summary>Decode speed with one way to stream.</summary>
/// <param name="Way">Which.</param>
/// <param name="ResidentBytes">Weights that stay in memory.</param>
/// <param name="RingBytes">The ring of buffers.</param>
/// <param name="BytesPerToken">Bytes that a token's weights take on storage: what must be read.</param>
/// <param name="ReadRate">Bytes per second that the same reader gets of the same files, the mean of just before and just after.</param>
/// <param name="Bound">Tokens per second at that rate.</param>
/// <param name="TokensPerSecond">Tokens per second.</param>
/// <param name="Ratio">Tokens per second as a part of the bound.</param>
/// <param name="WaitShare">The part of the time that compute waited for weights.</param>
/// <param name="LatePieces">Pieces a token that came too late.</param>
/// <param name="LeftOutPieces">Pieces a token that were not asked for.</param>
internal sealed record StreamResult(
    string Way, long ResidentBytes, long RingBytes, long BytesPerToken, double ReadRate, double Bound, double TokensPerSecond, double Ratio, double WaitShare,
    double LatePieces, double LeftOutPieces);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StreamReport))]
internal sealed partial class StreamJson : JsonSerializerContext;
