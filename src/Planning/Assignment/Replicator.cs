using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>
/// Gives each layer's most important neuron groups to a second board. Head groups have none: their KV grows with every token, and a second one would
/// have to be computed to be of use.
/// </summary>
internal static class Replicator
{
    /// <summary>Replicas for a plan, within the memory that it leaves; where that runs out, the least important of them are left away.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="model">The model.</param>
    /// <param name="boards">The plan's boards.</param>
    /// <param name="mass">Importance.</param>
    /// <param name="share">Share of each layer's groups.</param>
    /// <param name="headTakesPart">Whether the head board may hold some.</param>
    internal static IEnumerable<ShardAssignment> Replicas(
        Plan plan, ModelProfile model, IReadOnlyList<BoardProfile> boards, GroupMass mass, double share, bool headTakesPart)
    {
        int count = (int)Math.Round(share * model.NeuronGroupCount);
        long[] free = [.. boards.Select(board => board.MemoryBytes - BoardMemory.Of(plan, model, board.Name).Total)];
        int[] byLoss = [.. Enumerable.Range(0, boards.Count).Where(board => headTakesPart || boards[board].Name != plan.HeadBoard).OrderBy(board => boards[board].Loss)];
        for (int layer = 0; layer < model.LayerCount; layer++)
        {
            ShardAssignment[] stage = [.. plan.Shards.Where(shard => shard.Shard.Layer == layer && shard.Shard.Kind == ShardKind.FeedForward)];
            double[] importance = mass.Of(ShardKind.FeedForward, layer);
            int index = stage.Max(shard => shard.Shard.Index) + 1;
            SortedDictionary<int, int> second = [];
            foreach (int group in Enumerable.Range(0, importance.Length).OrderByDescending(group => importance[group]).Take(count))
            {
                string holder = stage.First(shard => group >= shard.FirstGroup && group < shard.FirstGroup + shard.GroupCount).Board;
                int[] open = [.. byLoss.Where(board => boards[board].Name != holder && free[board] >= model.NeuronGroupBytes)];
                if (open.Length > 0)
                {
                    // Of boards that lose equally little the one with the most room.
                    int board = open.Where(other => boards[other].Loss == boards[open[0]].Loss).MaxBy(other => free[other]);
                    second[group] = board;
                    free[board] -= model.NeuronGroupBytes;
                }
            }

            foreach (ShardAssignment replica in Runs(second, boards))
            {
                yield return replica with { Shard = new ShardId(layer, ShardKind.FeedForward, index++) };
            }
        }
    }

    private static IEnumerable<ShardAssignment> Runs(SortedDictionary<int, int> second, IReadOnlyList<BoardProfile> boards)
    {
        ShardAssignment? run = null;
        foreach ((int group, int board) in second)
        {
            if (run is not null && run.Board == boards[board].Name && run.FirstGroup + run.GroupCount == group)
            {
                run = run with { GroupCount = run.GroupCount + 1 };
                continue;
            }

            if (run is not null)
            {
                yield return run;
            }

            run = new ShardAssignment(default, group, 1, boards[board].Name, Replica: 1);
        }

        if (run is not null)
        {
            yield return run;
        }
    }
}
