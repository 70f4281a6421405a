using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>A plan in the making: what was asked, as numbers of boards and groups.</summary>
internal sealed class Draft
{
    /// <summary>Losses are measured: what differs by less counts as equal, or noise would scatter a board's groups over many shards.</summary>
    internal const double LossStep = 0.005;

    private readonly string[] _names;
    private readonly double[] _losses;
    private readonly GroupMass _mass;
    private readonly Placement _placement;
    private readonly bool _headGroupsMove;

    /// <param name="model">The model.</param>
    /// <param name="boards">The boards.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="headBoard">The head board.</param>
    /// <param name="headHoldsShards">Whether it holds more than tokens.</param>
    /// <param name="kvPositions">Positions of KV.</param>
    internal Draft(ModelProfile model, IReadOnlyList<BoardProfile> boards, PlanRequest request, string headBoard, bool headHoldsShards, int kvPositions)
    {
        bool byImportance = request.Placement.Kind == PlacementKind.Importance && request.Importance is not null;
        _names = [.. boards.Select(board => board.Name)];
        _losses = byImportance ? Losses(boards) : new double[boards.Count];
        _mass = new GroupMass(model, byImportance ? request.Importance : null);
        _placement = request.Placement;
        _headGroupsMove = request.HeadGroupsMove;
        QuotaProblem problem = new(model, boards, _losses, _mass, Array.IndexOf(_names, headBoard), headHoldsShards, kvPositions);
        bool tryAll = byImportance || boards.Any(board => board.StorageBytesPerSecond > 0);
        Quotas = QuotaPlanner.Solve(problem, request.LossWeight, tryAll)?.Quotas;
    }

    /// <summary>Groups by kind and board; null where no plan fits.</summary>
    internal int[][]? Quotas { get; }

    /// <summary>The boards' losses as plans see them.</summary>
    internal static double[] Losses(IEnumerable<BoardProfile> boards) => [.. boards.Select(board => Math.Round(board.Loss / LossStep) * LossStep)];

    /// <summary>The shards of one stage.</summary>
    internal IEnumerable<ShardAssignment> Cut(int layer, ShardKind kind, int[] quotas)
    {
        bool drawn = _placement.Kind == PlacementKind.Random && kind != ShardKind.Vocabulary;
        int[] boards = drawn
            ? GroupPlacer.AtRandom(quotas, HashCode(_placement.Seed, layer, kind))
            : GroupPlacer.ByImportance(_mass.Of(kind, layer), quotas, kind == ShardKind.Vocabulary ? new double[_losses.Length] : _losses);
        return ShardCutter.Cut(layer, kind, boards, _names, kind == ShardKind.Attention && _headGroupsMove ? 1 : int.MaxValue, []);
    }

    // Not System.HashCode, which differs from process to process.
    private static int HashCode(int seed, int layer, ShardKind kind) => unchecked(seed * 1_000_003 + layer * 4 + (int)kind);
}
