using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Planning.Replanning;

/// <summary>
/// The plan after another one, for the same boards as they are now, that can be carried out while generations run. Attention shards keep their groups,
/// as their KV goes with them: shards of equal size change places. Neuron groups are cut anew. Either way a board keeps what it may keep.
/// </summary>
internal sealed class Successor(ModelProfile model, PlanRequest request, Plan current, IReadOnlyList<BoardProfile> boards)
{
    private readonly GroupMass _mass = new(model, request.Placement.Kind == PlacementKind.Importance ? request.Importance : null);
    private readonly double[] _losses = request is { Importance: not null, Placement.Kind: PlacementKind.Importance }
        ? Draft.Losses(boards)
        : new double[boards.Count];
    private readonly List<string> _names = [.. current.Boards];

    private bool HeadHoldsShards => request.HeadHoldsShards || boards.Count == 1;

    /// <summary>Makes it; null where what is free now does not do.</summary>
    /// <param name="withTokens">Whether tokens are shared out anew too: they follow speed alone.</param>
    /// <returns>The plan, and the shortest possible time of all its stages.</returns>
    internal (Plan Plan, double LeastSeconds)? Make(bool withTokens)
    {
        List<ShardAssignment> shards = [.. Enumerable.Range(0, model.LayerCount).SelectMany(Attention)];
        long[] free = [.. boards.Select(board => board.MemoryBytes - Needed(board.Name, withTokens))];
        QuotaProblem problem = new(model, boards, _losses, _mass, _names.IndexOf(current.HeadBoard), HeadHoldsShards, current.KvPositions);
        if (free.Any(bytes => bytes < 0) || (withTokens && !TryCutAnew(shards, problem, ShardKind.Vocabulary, free)))
        {
            return null;
        }

        if (!withTokens)
        {
            shards.AddRange(current.Shards.Where(shard => shard.Shard.Kind == ShardKind.Vocabulary));
        }

        StageProblem stage = problem.Stage(ShardKind.FeedForward, free);
        if (StageScheduler.Solve(stage) is not { } fastest)
        {
            return null;
        }

        double least = stage.Value(fastest) + AttentionSeconds(shards);
        problem.LossWeight = problem.TotalMass > 0 ? request.LossWeight * least / problem.TotalMass : 0;
        if (!TryCutAnew(shards, problem, ShardKind.FeedForward, free))
        {
            return null;
        }

        shards.Sort((a, b) => a.Shard.CompareTo(b.Shard));
        Plan plan = current with { Version = current.Version + 1, Shards = shards };
        if (request is { Importance: not null, ReplicationShare: > 0 })
        {
            shards.AddRange(Replicator.Replicas(plan, model, boards, _mass, request.ReplicationShare, HeadHoldsShards).ToList());
            shards.Sort((a, b) => a.Shard.CompareTo(b.Shard));
        }

        return (plan, least);
    }

    // What stays where it is: neuron groups are taken off, and tokens where they are shared out anew.
    private long Needed(string board, bool withTokens)
    {
        BoardMemory memory = BoardMemory.Of(current, model, board);
        return memory.Total - memory.FeedForward - (withTokens ? memory.Vocabulary : 0);
    }

    // Boards that are alike may change quotas at no cost: the one that held more gets more.
    private void KeepQuotas(StageProblem stage, int[] quotas, ShardKind kind)
    {
        int[] held = [.. _names.Select(name => current.ShardsOf(name).Where(shard => shard.Replica == 0 && shard.Shard.Kind == kind).Sum(shard => shard.GroupCount))];
        foreach (IGrouping<string, int> alike in Enumerable.Range(0, quotas.Length)
            .GroupBy(board => string.Join(' ', stage.Seconds[board].Prepend(stage.Losses[board]))))
        {
            int[] members = [.. alike];
            foreach ((int board, int quota) in members.OrderByDescending(board => held[board]).Zip(members.Select(board => quotas[board]).OrderDescending().ToArray()))
            {
                quotas[board] = quota;
            }
        }
    }

    private IEnumerable<ShardAssignment> Attention(int layer)
    {
        double[] mass = _mass.Of(ShardKind.Attention, layer);
        foreach (IGrouping<int, ShardAssignment> size in Primaries(ShardKind.Attention, layer).GroupBy(shard => shard.GroupCount))
        {
            ShardAssignment[] shards = [.. size];
            int[] before = [.. shards.Select(shard => _names.IndexOf(shard.Board))];
            int[] places = [.. Enumerable.Range(0, _names.Count).Select(board => before.Count(held => held == board))];
            double[] weights = [.. shards.Select(shard => mass.AsSpan(shard.FirstGroup, shard.GroupCount).ToArray().Sum())];
            int[] after = GroupPlacer.ByImportance(weights, places, _losses, before);
            for (int i = 0; i < shards.Length; i++)
            {
                yield return shards[i] with { Board = _names[after[i]] };
            }
        }
    }

    private bool TryCutAnew(List<ShardAssignment> made, QuotaProblem problem, ShardKind kind, long[] free)
    {
        StageProblem stage = problem.Stage(kind, free);
        if (StageScheduler.Solve(stage) is not { } quotas)
        {
            return false;
        }

        KeepQuotas(stage, quotas, kind);
        problem.Take(kind, quotas, free);
        bool tokens = kind == ShardKind.Vocabulary;
        foreach (int layer in tokens ? [ShardId.OutputLayer] : Enumerable.Range(0, model.LayerCount))
        {
            ShardAssignment[] shards = [.. Primaries(kind, layer)];
            int[] before = new int[model.GroupCount(kind)];
            foreach (ShardAssignment shard in shards)
            {
                before.AsSpan(shard.FirstGroup, shard.GroupCount).Fill(_names.IndexOf(shard.Board));
            }

            int[] after = GroupPlacer.ByImportance(_mass.Of(kind, Math.Max(0, layer)), quotas, stage.Losses, before);
            made.AddRange(ShardCutter.Cut(layer, kind, after, _names, shards));
        }

        return true;
    }

    private double AttentionSeconds(List<ShardAssignment> attention) => attention.GroupBy(shard => shard.Shard.Layer).Sum(layer => layer
        .GroupBy(shard => shard.Board)
        .Max(held => PlanCost.StageSeconds(current, model, boards[_names.IndexOf(held.Key)], ShardKind.Attention, held.Sum(shard => shard.GroupCount))));

    private IEnumerable<ShardAssignment> Primaries(ShardKind kind, int layer) => current.Shards
        .Where(shard => shard.Replica == 0 && shard.Shard.Kind == kind && shard.Shard.Layer == layer);
}
