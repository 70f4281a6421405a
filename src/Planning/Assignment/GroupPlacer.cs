namespace Halo.Planning.Assignment;

/// <summary>Decides which groups of a stage go to which board, once it is known how many each one gets.</summary>
internal static class GroupPlacer
{
    /// <summary>No board: a group that is new.</summary>
    internal const int Nowhere = -1;

    /// <summary>
    /// The most important groups to the boards that lose least. Among boards of equal loss it does not matter which has which: each keeps what it held,
    /// which is the fewest moves there can be, and the rest goes in the order of the groups, so that runs are long.
    /// </summary>
    /// <param name="mass">Importance of each group.</param>
    /// <param name="quotas">Groups of each board.</param>
    /// <param name="losses">Loss of each board.</param>
    /// <param name="before">The board that held each group, or <see cref="Nowhere"/>; null where none were held.</param>
    /// <returns>The board of each group.</returns>
    internal static int[] ByImportance(double[] mass, int[] quotas, double[] losses, int[]? before = null)
    {
        int[] boards = new int[mass.Length];
        int[] ranked = [.. Enumerable.Range(0, mass.Length)
            .OrderByDescending(group => mass[group])
            .ThenBy(group => before is null || before[group] < 0 ? 1 : losses[before[group]])];
        int rank = 0;
        foreach (IGrouping<double, int> level in Enumerable.Range(0, quotas.Length).GroupBy(board => losses[board]).OrderBy(level => level.Key))
        {
            int count = level.Sum(board => quotas[board]);
            Share([.. ranked.Skip(rank).Take(count).Order()], [.. level], quotas, before, boards);
            rank += count;
        }

        return boards;
    }

    /// <summary>Each board's number of groups, drawn at random.</summary>
    internal static int[] AtRandom(int[] quotas, int seed)
    {
        int[] boards = [.. quotas.SelectMany((quota, board) => Enumerable.Repeat(board, quota))];
        new Random(seed).Shuffle(boards);
        return boards;
    }

    private static void Share(int[] groups, int[] level, int[] quotas, int[]? before, int[] boards)
    {
        Dictionary<int, int> left = level.ToDictionary(board => board, board => quotas[board]);
        List<int> others = [];
        foreach (int group in groups)
        {
            if (before is not null && left.TryGetValue(before[group], out int room) && room > 0)
            {
                boards[group] = before[group];
                left[before[group]]--;
            }
            else
            {
                others.Add(group);
            }
        }

        int next = 0;
        foreach (int group in others)
        {
            while (left[level[next]] == 0)
            {
                next++;
            }

            boards[group] = level[next];
            left[level[next]]--;
        }
    }
}
