using Halo.Fabric.Wire;

namespace Halo.Fabric.Simulated;

/// <summary>What stands for a sum that did not come.</summary>
public enum StageFill
{
    /// <summary>Nothing.</summary>
    Zero,

    /// <summary>What that board adds on average, as calibration found.</summary>
    Mean,

    /// <summary>What that board is likely to add for this token, from the stage's input by the low-rank stand-in of calibration.</summary>
    LowRank,

    /// <summary>What came, scaled up: n boards' sums of which m are missing count n / (n - m) times.</summary>
    Rescale,
}

/// <summary>
/// Losses between boards of one process, for measuring what they cost in quality: seeded, of single chunks of sums, for each receiver on its own, as in
/// relaxed synchronisation. No time passes.
/// </summary>
public sealed record SimulatedLoss
{
    /// <summary>Packet loss rate of a chunk, 0 to 1; of chunks sent several times each time.</summary>
    public double Loss { get; init; }

    /// <summary>Mean length of the periods in which a link loses all; zero for none.</summary>
    public TimeSpan Burst { get; init; }

    /// <summary>Share of the time that a link is bad, 0 to 1, where there are such periods.</summary>
    public double BadShare { get; init; }

    /// <summary>What a stage takes, for bursts.</summary>
    public TimeSpan StageTime { get; init; } = TimeSpan.FromMilliseconds(3);

    /// <summary>So many boards, counted from the last of the plan's order and never the head, have links that lose chunks; null for all boards.</summary>
    public int? BadBoards { get; init; }

    /// <summary>Whether bad boards lose only what they send, not what they receive.</summary>
    public bool OutgoingOnly { get; init; }

    /// <summary>Times that a chunk is sent, at least 1.</summary>
    public int Copies { get; init; } = 1;

    /// <summary>Share of the missing sums that come one stage too late, 0 to 1, and are added to the residual then.</summary>
    public double LateShare { get; init; }

    /// <summary>What stands for a missing sum.</summary>
    public StageFill Fill { get; init; }

    /// <summary>See <see cref="Datagrams.DatagramOptions.CriticalStages"/>.</summary>
    public IReadOnlyList<int>? CriticalStages { get; init; }

    /// <summary>See <see cref="Datagrams.DatagramOptions.CriticalBoards"/>.</summary>
    public int CriticalBoards { get; init; } = 1;

    /// <summary>How sums travel.</summary>
    public WireType WireType { get; init; } = WireType.F16;

    /// <summary>Same seed, same losses.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>Gives what is likely in the place of a sum that did not come.</summary>
public interface IStageStandIn
{
    /// <summary>Writes what a board is likely to add.</summary>
    /// <param name="stage">The stage, from 0.</param>
    /// <param name="board">The board's place in the plan's order.</param>
    /// <param name="residual">One row of the residual stream before the stage.</param>
    /// <param name="sum">Where its sum goes, one row.</param>
    void Write(int stage, int board, ReadOnlySpan<float> residual, Span<float> sum);
}
