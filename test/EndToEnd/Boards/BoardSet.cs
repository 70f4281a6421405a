using System.Collections;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Several board processes, b2 and up: b1 is the head process's own.</summary>
internal sealed class BoardSet : IReadOnlyList<BoardProgram>, IAsyncDisposable
{
    private readonly ClusterFolder _folder;
    private readonly BoardProgram[] _boards;

    private BoardSet(ClusterFolder folder, BoardProgram[] boards)
    {
        _folder = folder;
        _boards = boards;
    }

    public int Count => _boards.Length;

    public BoardProgram this[int index] => _boards[index];

    internal static async Task<BoardSet> StartAsync(ClusterFolder folder, int count, params string[] more) =>
        new(folder, await Task.WhenAll(Enumerable.Range(2, count).Select(number => BoardProgram.StartAsync(folder, $"b{number}", more: more))));

    /// <summary>Starts a board that has ended, under its name and at its old ports.</summary>
    internal async Task RestartAsync(int index, params string[] more)
    {
        BoardProgram before = _boards[index];
        await before.DisposeAsync();
        _boards[index] = await BoardProgram.StartAsync(_folder, before.Name, ports: (before.ControlPort, before.DataPort), more: more);
    }

    public IEnumerator<BoardProgram> GetEnumerator() => ((IEnumerable<BoardProgram>)_boards).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public async ValueTask DisposeAsync()
    {
        foreach (BoardProgram board in _boards)
        {
            await board.DisposeAsync();
        }
    }
}

/// <summary>Tests with several processes run one after the other: they share two cores.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class BoardTests
{
    /// <summary>The collection's name.</summary>
    public const string Name = "boards";
}
