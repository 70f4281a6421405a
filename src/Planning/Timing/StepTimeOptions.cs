namespace Halo.Planning.Timing;

/// <summary>The constants of <see cref="StepTime"/>. The defaults fit the tables of <c>docs/fabric.md</c> and <c>docs/lab.md</c> at 2.5 ms one way.</summary>
public sealed record StepTimeOptions
{
    /// <summary>Who sends to whom.</summary>
    public SumTopology Topology { get; init; }

    /// <summary>Datagrams that one board's sum of a stage takes to another board, at least 1.</summary>
    public int DatagramsPerSum { get; init; } = 1;

    /// <summary>Relaxed: boards whose sums are always waited for, the head board first.</summary>
    public int CriticalBoards { get; init; } = 1;

    /// <summary>Relaxed: seconds that a stage waits for a missing sum after those that are critical.</summary>
    public double TailSeconds { get; init; } = 0.3e-3;

    /// <summary>Times that a datagram is sent at once; null for as often as costs least, up to <see cref="MostCopies"/>.</summary>
    public int? Copies { get; init; }

    /// <summary>The most times that a datagram is sent at once.</summary>
    public int MostCopies { get; init; } = 3;

    /// <summary>Processor seconds of a board for a stage, besides weights and datagrams: to wake, to add, to normalise.</summary>
    public double StageSeconds { get; init; } = 0.02e-3;

    /// <summary>Processor seconds to send and to receive one datagram, sealing included.</summary>
    public double DatagramSeconds { get; init; } = 25e-6;

    /// <summary>The same of a copy, which shares a system call with the first.</summary>
    public double CopySeconds { get; init; } = 10e-6;

    /// <summary>The same of one message over TCP.</summary>
    public double StreamSeconds { get; init; } = 34e-6;

    /// <summary>Seconds until a datagram is sent again, in round trips; every later time takes half a round trip.</summary>
    public double ResendRoundTrips { get; init; } = 1.3;

    /// <summary>The least time until a datagram is sent again, in seconds.</summary>
    public double LeastResendSeconds { get; init; } = 1.5e-3;

    /// <summary>TCP's minimum retransmission timer of <see cref="SumPolicy.Tcp"/>, in seconds.</summary>
    public double RtoSeconds { get; init; } = 0.2;

    /// <summary>The same of <see cref="SumPolicy.TcpLowRto"/>.</summary>
    public double LowRtoSeconds { get; init; } = 5e-3;

    /// <summary>Round trips that TCP's timer takes on top of its minimum.</summary>
    public double RtoRoundTrips { get; init; } = 3;

    /// <summary>Mesh: round trips until TCP's probe repairs a loss without the timer, as messages of other stages follow.</summary>
    public double ProbeRoundTrips { get; init; } = 2;

    /// <summary>Seconds on top of them.</summary>
    public double ProbeSeconds { get; init; } = 1e-3;

    /// <summary>How much likelier than a message a repair fails: its acknowledgement may be lost as well.</summary>
    public double RepairLoss { get; init; } = 1.4;
}
