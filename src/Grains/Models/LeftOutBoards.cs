using Halo.Grains.Placement;

namespace Halo.Grains.Models;

/// <summary>
/// Boards that a model does without, because their memory or disk is too small for the part that the planner gave them, or for another key or file.
/// A board counts again when it comes anew: it may have been started otherwise.
/// </summary>
internal sealed class LeftOutBoards(BoardMap boards)
{
    private readonly Dictionary<string, LeftOut> _boards = [];

    /// <summary>The active boards less those that are left out.</summary>
    internal IReadOnlyList<string> Usable => [.. boards.ActiveBoards.Where(board => Find(board) is null)];

    /// <summary>Which are left out and why, for the end of a message; empty where none are.</summary>
    internal string Reasons => string.Concat(boards.ActiveBoards.Select(board => Find(board) is { } left ? $" Left out is board {board}: {left.Reason}" : ""));

    /// <param name="board">The board.</param>
    /// <param name="reason">What it said.</param>
    /// <param name="heldShards">Whether shards of the plan before were in its way: they may go, and then it can be asked once more.</param>
    internal void Add(string board, string reason, bool heldShards)
    {
        if (boards.SiloOf(board) is { } silo)
        {
            _boards[board] = new LeftOut(silo, reason, heldShards);
        }
    }

    /// <summary>Boards that held shards hold none now.</summary>
    internal void AskAgain()
    {
        foreach ((string board, LeftOut left) in _boards)
        {
            if (left.HeldShards)
            {
                _boards.Remove(board);
            }
        }
    }

    private LeftOut? Find(string board) => _boards.TryGetValue(board, out LeftOut? left) && left.Silo.Equals(boards.SiloOf(board)) ? left : null;

    private sealed record LeftOut(SiloAddress Silo, string Reason, bool HeldShards);
}
