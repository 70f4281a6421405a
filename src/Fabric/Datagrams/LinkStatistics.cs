namespace Halo.Fabric.Datagrams;

/// <summary>What one board knows of its link to another, since the link began.</summary>
/// <param name="Board">The other board's name.</param>
public sealed record LinkStatistics(string Board)
{
    /// <summary>Packet loss rate of what comes, 0 to 1: mean that leans to the present.</summary>
    public double IncomingLoss { get; init; }

    /// <summary>The same over the last 1,024 datagrams that were sent here.</summary>
    public double IncomingLossWindow { get; init; }

    /// <summary>The part of <see cref="IncomingLoss"/> that full queues lost, and not the link: too much was on the way here at once.</summary>
    public double IncomingIncastLoss { get; init; }

    /// <summary>Datagrams that the link lost in a row, on average over the same window; 0 where none was.</summary>
    public double IncomingBurst { get; init; }

    /// <summary>Packet loss rate of what goes, 0 to 1, as the other board measures it: the higher of its mean and its window.</summary>
    public double OutgoingLoss { get; init; }

    /// <summary>The part of <see cref="OutgoingLoss"/> that full queues lost, as the other board judges it.</summary>
    public double OutgoingIncastLoss { get; init; }

    /// <summary>Datagrams that go and are lost in a row, on average, as the other board measures it.</summary>
    public double OutgoingBurst { get; init; }

    /// <summary>Smoothed round trip, waits on the other board included; 0 before the first.</summary>
    public TimeSpan RoundTrip { get; init; }

    /// <summary>Smoothed mean deviation of the round trip.</summary>
    public TimeSpan RoundTripDeviation { get; init; }

    /// <summary>Times that a chunk which is alone is sent at once now.</summary>
    public int Copies { get; init; }

    /// <summary>Most chunks on the way to the other board now; fewer while queues overflow.</summary>
    public int Window { get; init; }

    /// <summary>Bytes of datagrams that come a second, over the last two.</summary>
    public double IncomingBytesPerSecond { get; init; }

    /// <summary>Datagrams that come a second, over the last two.</summary>
    public double IncomingDatagramsPerSecond { get; init; }

    /// <summary>Bytes of datagrams that go a second, over the last two.</summary>
    public double OutgoingBytesPerSecond { get; init; }

    /// <summary>Datagrams that go a second, over the last two.</summary>
    public double OutgoingDatagramsPerSecond { get; init; }

    /// <summary>Datagrams sent.</summary>
    public long SentDatagrams { get; init; }

    /// <summary>Bytes of datagrams sent.</summary>
    public long SentBytes { get; init; }

    /// <summary>Datagrams that came, opened, and were new.</summary>
    public long ReceivedDatagrams { get; init; }

    /// <summary>Bytes of datagrams that came, opened, and were new.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Chunks sent again because no acknowledgement came in time.</summary>
    public long ResentChunks { get; init; }

    /// <summary>Chunks sent more often than once on purpose.</summary>
    public long CopiedChunks { get; init; }

    /// <summary>Parity chunks sent.</summary>
    public long ParityChunks { get; init; }

    /// <summary>Chunks that did not come and were rebuilt from parity.</summary>
    public long RecoveredChunks { get; init; }

    /// <summary>Chunks of third boards carried to the other board.</summary>
    public long CarriedChunks { get; init; }

    /// <summary>Chunks that had come before: copies and resends that were not needed.</summary>
    public long DuplicateChunks { get; init; }

    /// <summary>Datagrams that claimed to come from the board and were altered, replayed or none of ours.</summary>
    public long RejectedDatagrams { get; init; }

    /// <summary>Relaxed: chunks of the other board's sums that had not come at the deadline, and count as zeros.</summary>
    public long FilledChunks { get; init; }

    /// <summary>Relaxed: chunks of the other board's sums that came after the deadline.</summary>
    public long LateChunks { get; init; }

    /// <summary>Relaxed: late chunks that were added to the residual after a later stage, which filled ones less lost ones are.</summary>
    public long UsedChunks { get; init; }

    /// <summary>Relaxed, of the link to the head board: the largest difference found between this board's residual and that one's, relative to its 2-norm.</summary>
    public double Drift { get; init; }
}
