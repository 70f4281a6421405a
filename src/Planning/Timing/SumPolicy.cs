namespace Halo.Planning.Timing;

/// <summary>How lost partial sums are dealt with.</summary>
public enum SumPolicy
{
    /// <summary>Datagrams sent several times at once, as often as pays, and again where all copies are lost.</summary>
    Protected,

    /// <summary>Datagrams sent once, and again where they are lost.</summary>
    Strict,

    /// <summary>As <see cref="Protected"/> for the sums of the critical boards; those of others count as zero where they miss their deadline.</summary>
    Relaxed,

    /// <summary>TCP as kernels come: 200 ms minimum retransmission timer.</summary>
    Tcp,

    /// <summary>TCP with its minimum retransmission timer at 5 ms.</summary>
    TcpLowRto,
}

/// <summary>Who sends partial sums to whom.</summary>
public enum SumTopology
{
    /// <summary>Every board to every other: one delay a stage.</summary>
    Mesh,

    /// <summary>All to the head board and back: two delays a stage, fewer messages.</summary>
    Star,
}
