namespace Halo.Boards.Remote;

/// <summary>A board serves another head process.</summary>
/// <param name="board">The board.</param>
/// <param name="head">The head process that it serves.</param>
internal sealed class BoardBusyException(string board, string head)
    : Exception($"Board {board} is in the service of {head}. Stop that first, or start another board process for this one.");

/// <summary>No datagrams pass between the head board and another: neither topology can use them.</summary>
/// <param name="message">What the one that tried says.</param>
internal sealed class HeadBlockedException(string message) : Exception(message);

/// <summary>Two boards of a session, neither of them the head board, could not be connected.</summary>
/// <param name="message">What the one that tried says.</param>
internal sealed class PeersApartException(string message) : Exception(message);

/// <summary>The caller is not the head process that the board serves.</summary>
/// <param name="board">The board.</param>
internal sealed class NotAttachedException(string board)
    : Exception($"Board {board} is not in your service now: it was restarted, or lost sight of you for too long.");
