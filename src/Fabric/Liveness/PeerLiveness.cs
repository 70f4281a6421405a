namespace Halo.Fabric.Liveness;

/// <summary>What the monitor knows of one process.</summary>
/// <param name="Name">The process, as it is watched.</param>
/// <param name="State">Alive, suspect or dead.</param>
/// <param name="Silence">For how long it has not answered; pauses of the watching process do not count.</param>
/// <param name="RoundTrip">Smoothed time from a ping to its pong, without pongs that took longer than it takes to be suspect; null before the first.</param>
/// <param name="LossShare">Share of pings without an answer, 0 to 1, among the last hundred that had the time for one.</param>
/// <param name="Pings">Pings sent.</param>
/// <param name="Pongs">Pings answered.</param>
/// <param name="Dropped">Datagrams dropped: no heartbeat, a wrong seal, or no answer to a ping that waits for one.</param>
/// <param name="Refusals">How often its machine said that the port is closed.</param>
public sealed record PeerLiveness(
    string Name, LivenessState State, TimeSpan Silence, TimeSpan? RoundTrip, double LossShare, long Pings, long Pongs, long Dropped, long Refusals);
