namespace Halo.Fabric.Datagrams.Links;

/// <summary>What a datagram costs, as time that a stage takes longer. One a board, shared by its links. Times are microseconds.</summary>
/// <param name="peers">Boards that this one exchanges sums with, at least 1.</param>
/// <param name="airTime">Air that a frame takes, where links share it; else 0.</param>
internal sealed class DatagramCost(int peers, double airTime)
{
    private const double First = 10;  // before the first is measured: a system call on a small board
    private const double Least = 1;
    private const double Most = 100;  // a thread that was put aside says nothing of the call
    private const double Weight = 1.0 / 32;

    /// <summary>How long the system takes to send a datagram: mean that leans to the present.</summary>
    internal double SendTime { get; private set; } = First;

    /// <summary>Takes a measured time.</summary>
    internal void NoteSend(double microseconds) => SendTime += (Math.Clamp(microseconds, Least, Most) - SendTime) * Weight;

    /// <summary>
    /// How much longer a stage takes where each of its links carries one datagram more: a board receives one more from each other one, which costs its
    /// processor as much as sending, and the air is one for all links. It sends as many, while it would wait for the others' sums anyway.
    /// </summary>
    /// <param name="stageLinks">Directed links whose chunks a stage waits for.</param>
    internal double OfStage(int stageLinks) => peers * SendTime + stageLinks * airTime;
}
