using System.Text.Json.Serialization;

namespace Halo.Cli.Lab.Loss;

/// <summary>What was measured.</summary>
/// <param name="Model">The model, and the shape it was padded to.</param>
/// <param name="Boards">Board processes, the head's included.</param>
/// <param name="DelayMs">One-way delay of every link.</param>
/// <param name="BurstMs">Mean length of bad periods; null where there are none.</param>
/// <param name="BadPercent">Percentage of the time that a link is bad; null where it never is.</param>
/// <param name="AirMs">Air time of a frame in the shared medium; null for links of their own.</param>
/// <param name="BadBoard">The one board, from 1, whose links lose packets; null where all links do.</param>
/// <param name="Wire">How partial sums travel.</param>
/// <param name="Tokens">Tokens of a cell.</param>
/// <param name="Seed">Seed of the losses.</param>
/// <param name="Cores">Cores that boards, emulator and all else share.</param>
/// <param name="LoadBefore">Load average before, of whatever else the machine does.</param>
/// <param name="LoadAfter">Load average after, this measurement included.</param>
/// <param name="T0Ms">Lowest TPOT without loss, in milliseconds.</param>
/// <param name="Text">The unpadded model's text.</param>
/// <param name="Cells">One for each policy, topology and loss.</param>
internal sealed record LossReport(
    string Model,
    int Boards,
    double DelayMs,
    double? BurstMs,
    double? BadPercent,
    double? AirMs,
    int? BadBoard,
    string Wire,
    int Tokens,
    ulong Seed,
    int Cores,
    string LoadBefore,
    string LoadAfter,
    double T0Ms,
    string Text,
    IReadOnlyList<LossCell> Cells);

/// <summary>One cell of the table. Times are in milliseconds.</summary>
internal sealed record LossCell
{
    /// <summary>How boards exchange partial sums.</summary>
    public required string Policy { get; init; }

    /// <summary>Who sends them to whom.</summary>
    public required string Topology { get; init; }

    /// <summary>Independent loss of packets, in percent.</summary>
    public required double LossPercent { get; init; }

    /// <summary>Whether links have bad periods.</summary>
    public required bool Bursts { get; init; }

    /// <summary>Why there are no figures; null where there are.</summary>
    public string? Fault { get; init; }

    /// <summary>Time from a token to the next: its mean.</summary>
    public double TpotMs { get; init; }

    /// <summary>Its median.</summary>
    public double TpotP50Ms { get; init; }

    /// <summary>What 99 of 100 stay below; of 60 tokens, nearly the longest.</summary>
    public double TpotP99Ms { get; init; }

    /// <summary>Time to the first token.</summary>
    public double TtftMs { get; init; }

    /// <summary>TPOT as a ratio to T0.</summary>
    public double? Ratio { get; init; }

    /// <summary>TPOT of a sender that knows its links, each message by its own link; the bound of this topology.</summary>
    public double? OracleMs { get; init; }

    /// <summary>The same, over a third board where that is faster.</summary>
    public double? OracleRelayedMs { get; init; }

    /// <summary>Processor time of all board processes for a token, the emulator's not in it.</summary>
    public double ProcessorMsPerToken { get; init; }

    /// <summary>Packets sent for a token, acknowledgements and heartbeats included.</summary>
    public double FramesPerToken { get; init; }

    /// <summary>Their bytes, IP headers included.</summary>
    public double BytesPerToken { get; init; }

    /// <summary>Packets that the links lost.</summary>
    public long LostPackets { get; init; }

    /// <summary>
    /// What all boards count of chunks for a token, by the names of <see cref="LinkCounts"/>; null with streams, which count nothing. A packet that the
    /// links lose may carry several chunks.
    /// </summary>
    public Dictionary<string, double>? ChunksPerToken { get; init; }

    /// <summary>Times the emulator had no room; above 0 the cell is spoilt.</summary>
    public long Overflows { get; init; }

    /// <summary>Tokens, from the first on, that are the unpadded model's.</summary>
    public int SameTokens { get; init; }

    /// <summary>Whether the text is the unpadded model's.</summary>
    public bool SameText { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LossReport))]
internal sealed partial class LossJson : JsonSerializerContext;
