namespace Halo.Fabric.Streams.Sessions;

/// <summary>Where a board takes streams.</summary>
/// <param name="Board">The board's name, for messages.</param>
/// <param name="Host">Host name or IP address; not used where nobody dials the board.</param>
/// <param name="Port">The port of the board's <see cref="StreamListener"/>.</param>
public sealed record StreamPeer(string Board, string Host, int Port);

/// <summary>The boards of a session, and who dials whom: the head board all others, and of two others the later in the plan's order the earlier.</summary>
/// <param name="Session">The session.</param>
/// <param name="Head">The head board's place.</param>
/// <param name="Topology">In a star only the head board has links to the others.</param>
/// <param name="Boards">The boards in the plan's order.</param>
public sealed record StreamRoster(StreamSession Session, int Head, Topology Topology, IReadOnlyList<StreamPeer> Boards)
{
    /// <summary>Whether the board at one place dials the board at another.</summary>
    public bool Dials(int from, int to) =>
        from != to && to != Head && (from == Head || (Topology != Topology.Star && from > to));
}
