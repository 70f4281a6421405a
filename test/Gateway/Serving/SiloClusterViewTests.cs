using Halo.Grains;
using Halo.Silo.Membership;

namespace Halo.Gateway.Serving;

/// <summary>What a gateway knows of a cluster of silos.</summary>
public sealed class SiloClusterViewTests
{
    private static readonly ModelPresence s_tales = new("tales", ["b1"], "b1");

    [Fact]
    public void Next_BoardIsGone_StaysAsDead()
    {
        SiloClusterView before = SiloClusterView.Empty.Next(Status("b1", "b2", "b10"));

        SiloClusterView now = before.Next(Status("b1", "b10"));

        Assert.Equal([("b1", BoardState.Alive), ("b2", BoardState.Dead), ("b10", BoardState.Alive)], now.Boards.Select(board => (board.Name, board.State)));
        Assert.True(now.HasLost(before));
        Assert.False(now.Next(Status("b1", "b10")).HasLost(now));
    }

    [Fact]
    public void Next_BoardComesBack_IsAliveAgain()
    {
        SiloClusterView gone = SiloClusterView.Empty.Next(Status("b1", "b2")).Next(Status("b1"));

        SiloClusterView now = gone.Next(Status("b1", "b2"));

        Assert.All(now.Boards, board => Assert.Equal(BoardState.Alive, board.State));
        Assert.False(now.HasLost(gone));
    }

    [Fact]
    public void Next_ModelsAndHeads_AreThoseOfTheAnswer()
    {
        SiloClusterView view = SiloClusterView.Empty.Next(Status("b1")).Next(Status("b1"));

        Assert.Equal(["tales"], view.ModelNames);
        Assert.Equal(["b1"], view.HeadBoards);
    }

    [Fact]
    public void Unanswered_BoardsAreSuspect()
    {
        SiloClusterView before = SiloClusterView.Empty.Next(Status("b1", "b2"));

        SiloClusterView now = before.Unanswered("no answer came");

        Assert.All(now.Boards, board => Assert.Equal(BoardState.Suspect, board.State));
        Assert.Contains("no answer came", now.Boards[0].Reason, StringComparison.Ordinal);
        Assert.False(now.HasLost(before));
    }

    private static ClusterStatus Status(params string[] boards) => new(
        [.. boards.Select(board => new BoardPresence(board, $"http://10.0.0.1/{board}", IsActive: true, Cores: 4, BytesPerSecond: 1e9, MemoryBytes: 1))], [s_tales]);
}
