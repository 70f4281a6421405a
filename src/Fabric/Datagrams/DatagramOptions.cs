using Halo.Fabric.Streams;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Datagrams;

/// <summary>What a board does against loss. All but <see cref="Relaxed"/> wait for everything: every sum is complete and exact.</summary>
public enum DeliveryPolicy
{
    /// <summary>Copies by the loss that was measured, and what is still missing is sent again on a timer.</summary>
    Protected,

    /// <summary>What is missing is sent again on a timer, and nothing is sent twice before.</summary>
    Strict,

    /// <summary>
    /// The sums of critical boards come as in <see cref="Protected"/>; the others' have a deadline, after which what is missing counts as zero.
    /// Sums of many rows are exact.
    /// </summary>
    Relaxed,
}

/// <summary>How boards use datagrams; the same on all of them.</summary>
/// <param name="Topology">Who sends partial sums to whom.</param>
/// <param name="WireType">How elements travel.</param>
/// <param name="Policy">What is done against loss.</param>
public sealed record DatagramOptions(
    Topology Topology = Topology.Mesh, WireType WireType = WireType.F32, DeliveryPolicy Policy = DeliveryPolicy.Protected)
{
    /// <summary>Most times that a chunk is sent before an acknowledgement can have come, 1 to 4; in effect only where chunks are protected.</summary>
    public int MaxCopies { get; init; } = 3;

    /// <summary>Relaxed: boards whose sums are critical, counted from the head board on in the plan's order; at least 1.</summary>
    public int CriticalBoards { get; init; } = 1;

    /// <summary>
    /// Relaxed: stages, from 0, of which all boards' sums are critical: attention of layer l is 2l, feed-forward 2l + 1. Null for those of the first layer
    /// and the very last.
    /// </summary>
    public IReadOnlyList<int>? CriticalStages { get; init; }

    /// <summary>Relaxed: the longest that a stage waits for a tail after all that is critical has come.</summary>
    public TimeSpan DeadlineLimit { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Whether several chunks to one board may be followed by parity instead of copies; in effect only where chunks are protected.</summary>
    public bool Parity { get; init; } = true;

    /// <summary>
    /// Air that a frame takes where all links share it, an access point's turn included; zero where every link is its own. Copies and parity are weighed
    /// against it.
    /// </summary>
    public TimeSpan AirTimePerFrame { get; init; }
}
