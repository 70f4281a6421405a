using System.Collections.Concurrent;

namespace Halo.Boards;

/// <summary>The boards that grains of this process can reach, by name. Boards come and go while it is used.</summary>
/// <param name="others">Finds boards that nobody set here: those of other silos' processes; null for none.</param>
public sealed class BoardDirectory(Func<string, IBoardPeer?>? others = null)
{
    private readonly ConcurrentDictionary<string, IBoard> _boards = new();
    private readonly ConcurrentDictionary<string, bool> _lost = new();

    /// <summary>Adds a board, or puts it in the place of an earlier one of its name.</summary>
    public void Set(IBoard board)
    {
        _boards[board.Name] = board;
        _lost.TryRemove(board.Name, out _);
    }

    /// <summary>
    /// Takes a board out that is lost, if it is still this one. From here on no plan counts on it, whatever becomes of its silo and when.
    /// </summary>
    public void Lose(IBoard board)
    {
        if (_boards.TryRemove(KeyValuePair.Create(board.Name, board)))
        {
            _lost[board.Name] = true;
        }
    }

    /// <summary>Whether a board was here and is lost.</summary>
    public bool IsLost(string name) => _lost.ContainsKey(name);

    /// <summary>The board of a name.</summary>
    /// <exception cref="BoardLostException">There is none, or no more.</exception>
    public IBoardPeer Find(string name) => _boards.GetValueOrDefault(name) ?? others?.Invoke(name)
        ?? throw new BoardLostException(name, $"Board {name} is not part of this cluster now; here are {string.Join(", ", _boards.Keys.Order(StringComparer.Ordinal))}.");
}
