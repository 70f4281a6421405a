namespace Halo.Fabric.Tests.Datagrams;

/// <summary>What happens to datagrams on a directed link. Times are microseconds, shares 0 to 1.</summary>
internal sealed record Impairments
{
    /// <summary>One-way delay.</summary>
    internal long Delay { get; init; } = 250;

    /// <summary>Independent loss.</summary>
    internal double Loss { get; init; }

    /// <summary>Share that comes twice, the second later.</summary>
    internal double Duplication { get; init; }

    /// <summary>Share that is held back for up to five delays more.</summary>
    internal double Reordering { get; init; }

    /// <summary>Share of the time in which the link is bad and loses everything; bad periods last <see cref="BurstTime"/>.</summary>
    internal double BadTime { get; init; }

    /// <summary>Length of a bad period.</summary>
    internal long BurstTime { get; init; } = 10_000;

    /// <summary>Time that a board's last hop needs for each datagram that comes to it, from whomever; 0: none.</summary>
    internal long ServiceTime { get; init; }

    /// <summary>Most datagrams that wait for that hop; more are lost.</summary>
    internal int QueueLength { get; init; } = int.MaxValue;
}
