namespace Halo.Grains;

/// <summary>How a board exchanges a model's sums with others, and what it knows of its links.</summary>
/// <param name="Board">The board's name.</param>
/// <param name="Transport"><c>datagram</c> or <c>stream</c>; null where the board is not joined with boards of other processes.</param>
/// <param name="Topology">Who sends to whom, such as <c>mesh</c> or <c>star</c>; null likewise.</param>
/// <param name="Policy">What datagrams do against loss, such as <c>protected</c>; null where none are used.</param>
/// <param name="Note">Why sums do not travel as was asked; null where they do. Only the head board knows.</param>
/// <param name="Links">Its links in the order of the boards; empty where nothing measures them.</param>
[GenerateSerializer, Immutable, Alias("halo.board-links")]
public sealed record BoardLinks(
    [property: Id(0)] string Board,
    [property: Id(1)] string? Transport,
    [property: Id(2)] string? Topology,
    [property: Id(3)] string? Policy,
    [property: Id(4)] string? Note,
    [property: Id(5)] LinkReport[] Links);

/// <summary>
/// What a board knows of its link to another. Counts begin with the session: they fall back to 0 when the boards are joined anew.
/// </summary>
[GenerateSerializer, Immutable, Alias("halo.link-report")]
public sealed record LinkReport
{
    /// <summary>The other board's name.</summary>
    [Id(0)]
    public required string Board { get; init; }

    /// <summary>Packet loss rate of what comes from it, 0 to 1: mean that leans to the present.</summary>
    [Id(1)]
    public double IncomingLoss { get; init; }

    /// <summary>The same over the last 1,024 datagrams that were sent here.</summary>
    [Id(2)]
    public double IncomingLossWindow { get; init; }

    /// <summary>Datagrams that come and are lost in a row, on average; 0 where none is lost.</summary>
    [Id(3)]
    public double IncomingBurst { get; init; }

    /// <summary>Packet loss rate of what goes to it, 0 to 1, as the other board measures it.</summary>
    [Id(4)]
    public double OutgoingLoss { get; init; }

    /// <summary>Datagrams that go and are lost in a row, on average; 0 where none is lost.</summary>
    [Id(5)]
    public double OutgoingBurst { get; init; }

    /// <summary>Smoothed round trip in milliseconds, waits on the other board included; 0 before the first.</summary>
    [Id(6)]
    public double RoundTripMs { get; init; }

    /// <summary>Smoothed mean deviation of the round trip, in milliseconds.</summary>
    [Id(7)]
    public double RoundTripDeviationMs { get; init; }

    /// <summary>Times that a chunk is sent at once now.</summary>
    [Id(8)]
    public int Copies { get; init; }

    /// <summary>Datagrams sent.</summary>
    [Id(9)]
    public long SentDatagrams { get; init; }

    /// <summary>Bytes of datagrams sent.</summary>
    [Id(10)]
    public long SentBytes { get; init; }

    /// <summary>Datagrams that came, opened, and were new.</summary>
    [Id(11)]
    public long ReceivedDatagrams { get; init; }

    /// <summary>Chunks sent again because no acknowledgement came in time.</summary>
    [Id(12)]
    public long ResentChunks { get; init; }

    /// <summary>Chunks sent more often than once on purpose.</summary>
    [Id(13)]
    public long CopiedChunks { get; init; }

    /// <summary>Chunks of third boards carried to the other board.</summary>
    [Id(14)]
    public long CarriedChunks { get; init; }

    /// <summary>Chunks that had come before: copies and resends that were not needed.</summary>
    [Id(15)]
    public long DuplicateChunks { get; init; }

    /// <summary>Datagrams that claimed to come from the board and were altered, replayed or none of ours.</summary>
    [Id(16)]
    public long RejectedDatagrams { get; init; }

    /// <summary>The part of <c>IncomingLoss</c> that full queues lost, and not the link: too much was on the way here at once.</summary>
    [Id(17)]
    public double IncomingIncastLoss { get; init; }

    /// <summary>The part of <c>OutgoingLoss</c> that full queues lost, as the other board judges it.</summary>
    [Id(18)]
    public double OutgoingIncastLoss { get; init; }

    /// <summary>Most chunks on the way to the other board now; fewer while queues overflow.</summary>
    [Id(19)]
    public int Window { get; init; }

    /// <summary>Bytes of datagrams that come a second, over the last two.</summary>
    [Id(20)]
    public double IncomingBytesPerSecond { get; init; }

    /// <summary>Datagrams that come a second, over the last two.</summary>
    [Id(21)]
    public double IncomingDatagramsPerSecond { get; init; }

    /// <summary>Bytes of datagrams that go a second, over the last two.</summary>
    [Id(22)]
    public double OutgoingBytesPerSecond { get; init; }

    /// <summary>Datagrams that go a second, over the last two.</summary>
    [Id(23)]
    public double OutgoingDatagramsPerSecond { get; init; }

    /// <summary>Bytes of datagrams that came, opened, and were new.</summary>
    [Id(24)]
    public long ReceivedBytes { get; init; }

    /// <summary>Parity chunks sent.</summary>
    [Id(25)]
    public long ParityChunks { get; init; }

    /// <summary>Chunks that did not come and were rebuilt from parity.</summary>
    [Id(26)]
    public long RecoveredChunks { get; init; }

    /// <summary>Relaxed: chunks of the other board's sums that had not come at the deadline, and count as zeros.</summary>
    [Id(27)]
    public long FilledChunks { get; init; }

    /// <summary>Relaxed: chunks of the other board's sums that came after the deadline.</summary>
    [Id(28)]
    public long LateChunks { get; init; }

    /// <summary>Relaxed: late chunks that were added to the residual after a later stage, which filled ones less lost ones are.</summary>
    [Id(29)]
    public long UsedChunks { get; init; }

    /// <summary>Relaxed, of the link to the head board: the largest difference found between this board's residual and that one's, relative to its 2-norm.</summary>
    [Id(30)]
    public double Drift { get; init; }
}
