namespace Halo.Planning.Assignment;

/// <summary>Cuts a stage into shards: each run of groups that are on one board is one, so there are as few as that board's groups allow.</summary>
internal static class ShardCutter
{
    private const int NoName = -1;

    /// <summary>Cuts one stage.</summary>
    /// <param name="layer">The layer, or <see cref="ShardId.OutputLayer"/>.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="boards">The board of each group.</param>
    /// <param name="names">The boards' names.</param>
    /// <param name="longest">The most groups of a shard.</param>
    /// <param name="before">The stage's shards under the plan before, whose names are kept where a board's run stays; empty for the first.</param>
    internal static IEnumerable<ShardAssignment> Cut(
        int layer, ShardKind kind, int[] boards, IReadOnlyList<string> names, int longest, IReadOnlyList<ShardAssignment> before)
    {
        List<Run> runs = Runs(boards, names, longest);
        int[] indices = new int[runs.Count];
        Array.Fill(indices, NoName);
        HashSet<int> taken = [];

        // First what stays as it is; then shards that change their groups but not their board, so that their grains stay.
        Take(runs, indices, taken, before, static (run, shard) => run == new Run(shard.FirstGroup, shard.GroupCount, shard.Board));
        Take(runs, indices, taken, before, static (run, shard) => run.Board == shard.Board);
        int next = 0;
        for (int i = 0; i < runs.Count; i++)
        {
            while (indices[i] == NoName)
            {
                indices[i] = taken.Add(next) ? next : NoName;
                next++;
            }

            yield return new ShardAssignment(new ShardId(layer, kind, indices[i]), runs[i].First, runs[i].Count, runs[i].Board);
        }
    }

    private static void Take(
        List<Run> runs, int[] indices, HashSet<int> taken, IReadOnlyList<ShardAssignment> before, Func<Run, ShardAssignment, bool> fits)
    {
        for (int i = 0; i < runs.Count; i++)
        {
            if (indices[i] == NoName && before.FirstOrDefault(shard => !taken.Contains(shard.Shard.Index) && fits(runs[i], shard)) is { } found)
            {
                indices[i] = found.Shard.Index;
                taken.Add(indices[i]);
            }
        }
    }

    private static List<Run> Runs(int[] boards, IReadOnlyList<string> names, int longest)
    {
        List<Run> runs = [];
        for (int first = 0, end; first < boards.Length; first = end)
        {
            end = first + 1;
            while (end < boards.Length && boards[end] == boards[first] && end - first < longest)
            {
                end++;
            }

            runs.Add(new Run(first, end - first, names[boards[first]]));
        }

        return runs;
    }

    private readonly record struct Run(int First, int Count, string Board);
}
