namespace Halo.Boards.Peers;

/// <summary>Where the process of a board is found, for as long as it runs.</summary>
/// <param name="Board">The board's name.</param>
/// <param name="Instance">The process: another text after each start.</param>
/// <param name="Control">Its control endpoint.</param>
/// <param name="StreamPort">The TCP port for streams of other boards, on the same host.</param>
public sealed record PeerAddress(string Board, string Instance, Uri Control, int StreamPort);
