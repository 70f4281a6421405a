using System.Text.Json.Serialization;

namespace Halo.Cli.Bench;

/// <summary>What the attention of one layer costs at one length, beside reading its keys and values.</summary>
/// <param name="Positions">Positions of the sequence.</param>
/// <param name="KvBytes">Bytes of its keys and values.</param>
/// <param name="Microseconds">Median time of one layer's attention.</param>
/// <param name="GigabytesPerSecond">Bytes of keys and values in that time, 10^9 bytes a second.</param>
/// <param name="ReadGigabytesPerSecond">The same for a loop that only reads them.</param>
internal sealed record AttentionResult(int Positions, long KvBytes, double Microseconds, double GigabytesPerSecond, double ReadGigabytesPerSecond)
{
    /// <summary>Time of the attention in times of the read loop.</summary>
    public double ReadRatio => ReadGigabytesPerSecond / GigabytesPerSecond;
}

/// <summary>What <c>halo bench attention</c> prints.</summary>
/// <param name="HeadDim">Elements of a head.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="Rows">Rows of a step.</param>
/// <param name="KvType">How keys and values are kept.</param>
/// <param name="Threads">Threads.</param>
/// <param name="AllocatedBytes">Bytes that the calling thread allocated in all timed rounds: 0.</param>
/// <param name="Results">One for each length.</param>
internal sealed record AttentionReport(
    int HeadDim, int Heads, int KvHeads, int Rows, string KvType, int Threads, long AllocatedBytes, IReadOnlyList<AttentionResult> Results);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(AttentionReport))]
internal sealed partial class AttentionJson : JsonSerializerContext;
