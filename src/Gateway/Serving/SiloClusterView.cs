using Halo.Grains;
using Halo.Silo.Membership;

namespace Halo.Gateway.Serving;

/// <summary>What is known of a cluster of silos; boards that were there once stay in it, so that operators see what is missing.</summary>
/// <param name="ModelNames">Names of its models, in the order in which they came.</param>
/// <param name="HeadBoards">Head boards of its models.</param>
/// <param name="Boards">Its boards, sorted by name.</param>
internal sealed record SiloClusterView(IReadOnlyList<string> ModelNames, IReadOnlyCollection<string> HeadBoards, IReadOnlyList<BoardView> Boards)
{
    public static SiloClusterView Empty { get; } = new([], [], []);

    /// <summary>After an answer.</summary>
    public SiloClusterView Next(ClusterStatus status)
    {
        List<BoardView> boards = [.. status.Boards.DistinctBy(board => board.Name).Select(ViewOf)];
        boards.AddRange(Boards
            .Where(before => boards.TrueForAll(board => board.Name != before.Name))
            .Select(before => before with { State = BoardState.Dead, Reason = "its silo is gone" }));
        return new SiloClusterView(
            [.. ModelNames.Union(status.Models.Select(model => model.Name))],
            [.. status.Models.Select(model => model.HeadBoard).Where(board => board.Length > 0)],
            [.. boards.OrderBy(board => board.Name.Length).ThenBy(board => board.Name, StringComparer.Ordinal)]);
    }

    /// <summary>Whether a board that was in service before is so no more.</summary>
    public bool HasLost(SiloClusterView before) => before.Boards.Any(board =>
        board.State != BoardState.Dead && Boards.FirstOrDefault(now => now.Name == board.Name) is not { State: not BoardState.Dead });

    /// <summary>After a question that nobody answered: what was known may be so no more.</summary>
    public SiloClusterView Unanswered(string reason) => this with
    {
        Boards = [.. Boards.Select(board => board.State == BoardState.Alive ? board with { State = BoardState.Suspect, Reason = $"the silos do not answer: {reason}" } : board)],
    };

    private static BoardView ViewOf(BoardPresence board) => new(
        board.Name,
        Uri.TryCreate(board.Address, UriKind.Absolute, out Uri? address) ? address : null,
        board.IsActive ? BoardState.Alive : BoardState.Connecting,
        board.IsActive ? null : "its silo is joining or leaving",
        board.Cores,
        board.BytesPerSecond,
        board.MemoryBytes,
        null,
        0);
}
