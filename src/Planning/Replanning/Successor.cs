using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Planning.Replanning;

/// <summary>
/// The plan after another one, for the same boards as they are now, that can be carried out while generations run. Attention shards keep their groups,
/// as their KV goes with them: where all are of one group they go anywhere, else those of equal size change places. Neuron groups are cut anew. Either way
/// a board keeps what it may keep.
/// </summary>
internal sealed class Successor(ModelProfile model, PlanRequest request, Plan current, IReadOnlyList<BoardProfile> boards)
{
    private readonly GroupMass _mass = new(model, request.Placement.Kind == PlacementKind.Importance ? request.Importance : null);
    private readonly double[] _losses = request is { Importance: not null, Placement.Kind: PlacementKind.Importance }
        ? Draft.Losses(boards)
        : new double[boards.Count];
    private readonly List<string> _names = [.. current.Boards];
    private readonly bool _headGroupsMove = current.Shards.All(shard => shard.Shard.Kind != ShardKind.Attention || shard.GroupCount == 1);

    private bool HeadHoldsShards => request.HeadHoldsShards || boards.Count == 1;

    /// <summary>Makes it; null where what is free now does not do.</summary>
    /// <param name="withTokens">Whether tokens are shared out anew too: they follow speed alone.</param>
    /// <returns>The plan, and the shortest possible time of all its stages.</returns>
    internal (Plan Plan, double LeastSeconds)? Make(bool withTokens)
    {
        ShardKind[] anew = [.. withTokens ? [ShardKind.Vocabulary] : Array.Empty<ShardKind>(), .. _headGroupsMove ? [ShardKind.Attention] : Array.Empty<ShardKind>(), ShardKind.FeedForward];
        long[] free = [.. boards.Select(board => board.MemoryBytes - Kept(board.Name, anew))];
        QuotaProblem problem = new(model, boards, _losses, _mass, _names.IndexOf(current.HeadBoard), HeadHoldsShards, current.KvPositions);
        if (free.Any(bytes => bytes < 0) || LeastSeconds(problem, anew, [.. free]) is not { } least)
        {
            return null;
        }

        problem.LossWeight = problem.TotalMass > 0 ? request.LossWeight * least / problem.TotalMass : 0;
        List<ShardAssignment> shards = [.. current.Shards.Where(shard => shard.Replica == 0 && shard.Shard.Kind == ShardKind.Vocabulary && !withTokens)];
        if (!_headGroupsMove)
        {
            shards.AddRange(Enumerable.Range(0, model.LayerCount).SelectMany(ChangePlaces));
        }

        if (!anew.All(kind => TryShareOut(shards, problem, kind, free)))
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

    // What stays on a board.
    private long Kept(string board, ShardKind[] anew)
    {
        BoardMemory memory = BoardMemory.Of(current, model, board);
        return memory.Fixed
            + (anew.Contains(ShardKind.Attention) ? 0 : memory.Attention + memory.Kv)
            + (anew.Contains(ShardKind.Vocabulary) ? 0 : memory.Vocabulary);
    }

    private double? LeastSeconds(QuotaProblem problem, ShardKind[] anew, long[] free)
    {
        double least = anew.Contains(ShardKind.Attention) ? 0 : AttentionSeconds();
        foreach (ShardKind kind in anew)
        {
            StageProblem stage = problem.Stage(kind, free);
            if (StageScheduler.Solve(stage) is not { } quotas)
            {
                return null;
            }

            least += stage.Value(quotas);
            problem.Take(kind, quotas, free);
        }

        return least;
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

    private IEnumerable<ShardAssignment> ChangePlaces(int layer)
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

    private bool TryShareOut(List<ShardAssignment> made, QuotaProblem problem, ShardKind kind, long[] free)
    {
        StageProblem stage = problem.Stage(kind, free);
        if (StageScheduler.Solve(stage) is not { } quotas)
        {
            return false;
        }

        KeepQuotas(stage, quotas, kind);
        problem.Take(kind, quotas, free);
        foreach (int layer in kind == ShardKind.Vocabulary ? [ShardId.OutputLayer] : Enumerable.Range(0, model.LayerCount))
        {
            ShardAssignment[] shards = [.. Primaries(kind, layer)];
            int[] before = new int[model.GroupCount(kind)];
            foreach (ShardAssignment shard in shards)
            {
                before.AsSpan(shard.FirstGroup, shard.GroupCount).Fill(_names.IndexOf(shard.Board));
            }

            int[] after = GroupPlacer.ByImportance(_mass.Of(kind, Math.Max(0, layer)), quotas, stage.Losses, before);
            made.AddRange(kind == ShardKind.Attention
                ? shards.Select(shard => shard with { Board = _names[after[shard.FirstGroup]] })
                : ShardCutter.Cut(layer, kind, after, _names, int.MaxValue, shards));
        }

        return true;
    }

    private double AttentionSeconds() => Enumerable.Range(0, model.LayerCount).Sum(layer => Primaries(ShardKind.Attention, layer)
        .GroupBy(shard => shard.Board)
        .Max(held => PlanCost.StageSeconds(current, model, boards[_names.IndexOf(held.Key)], ShardKind.Attention, held.Sum(shard => shard.GroupCount))));

    private IEnumerable<ShardAssignment> Primaries(ShardKind kind, int layer) => current.Shards
        .Where(shard => shard.Replica == 0 && shard.Shard.Kind == kind && shard.Shard.Layer == layer);
}
