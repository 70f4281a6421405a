namespace Halo.Planning.Assignment;

/// <summary>
/// Solves a <see cref="StageProblem"/> exactly. For a given T each board takes what it can do in T, the boards that lose least first: by the
/// rearrangement inequality no other filling loses less. T is one of the times that some number of groups takes on some board: the shortest one
/// that has room for all groups is found by bisection, the best by trying all above it.
/// </summary>
internal static class StageScheduler
{
    private const double Tie = 1e-12;

    /// <summary>Groups of each board; null where the boards cannot hold all of them. Of equal answers the fastest.</summary>
    internal static int[]? Solve(StageProblem problem)
    {
        int groups = problem.Mass.Length;
        double[] times = [.. problem.Seconds.SelectMany(board => board.Skip(1)).Distinct().Order()];
        int first = FirstWithRoom(problem, times, groups);
        if (groups == 0 || first == times.Length)
        {
            return groups == 0 ? new int[problem.Losses.Length] : null;
        }

        // Without losses that differ longer times gain nothing.
        bool trades = problem.LossWeight > 0 && problem.Losses.Distinct().Count() > 1;
        int best = trades ? BestTime(problem, times, first) : first;
        return Fill(problem, Caps(problem, times[best]), groups);
    }

    private static int BestTime(StageProblem problem, double[] times, int first)
    {
        (double Loss, int[] Boards)[] levels = Levels(problem);
        double[] massBefore = new double[problem.Mass.Length + 1];
        for (int rank = 0; rank < problem.Mass.Length; rank++)
        {
            massBefore[rank + 1] = massBefore[rank] + problem.Mass[rank];
        }

        double leastLoss = problem.LossWeight * massBefore[^1] * levels[0].Loss;
        int best = first;
        double bestValue = double.PositiveInfinity;
        for (int i = first; i < times.Length && problem.TimeWeight * times[i] + leastLoss < bestValue; i++)
        {
            int[] caps = Caps(problem, times[i]);
            double value = problem.TimeWeight * times[i] + problem.LossWeight * LostMass(levels, caps, massBefore);
            if (value < bestValue * (1 - Tie))
            {
                (best, bestValue) = (i, value);
            }
        }

        return best;
    }

    private static double LostMass((double Loss, int[] Boards)[] levels, int[] caps, double[] massBefore)
    {
        double lost = 0;
        int rank = 0;
        foreach ((double loss, int[] boards) in levels)
        {
            int end = (int)Math.Min(massBefore.Length - 1, rank + boards.Sum(board => (long)caps[board]));
            lost += loss * (massBefore[end] - massBefore[rank]);
            rank = end;
        }

        return lost;
    }

    private static (double Loss, int[] Boards)[] Levels(StageProblem problem) =>
        [.. problem.ByLoss().GroupBy(board => problem.Losses[board]).Select(level => (level.Key, level.ToArray()))];

    private static int FirstWithRoom(StageProblem problem, double[] times, int groups)
    {
        int low = 0;
        int high = times.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Caps(problem, times[middle]).Sum(cap => (long)cap) >= groups)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private static int[] Caps(StageProblem problem, double time)
    {
        int[] caps = new int[problem.Losses.Length];
        for (int board = 0; board < caps.Length; board++)
        {
            double[] seconds = problem.Seconds[board];
            int low = 0;
            int high = seconds.Length - 1;
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                (low, high) = seconds[middle] <= time ? (middle, high) : (low, middle - 1);
            }

            caps[board] = low;
        }

        return caps;
    }

    // Boards of equal loss share what falls to them so that all end as early as they can.
    private static int[] Fill(StageProblem problem, int[] caps, int groups)
    {
        int[] quotas = new int[caps.Length];
        int left = groups;
        foreach ((_, int[] boards) in Levels(problem))
        {
            int here = (int)Math.Min(left, boards.Sum(board => (long)caps[board]));
            left -= here;
            for (; here > 0; here--)
            {
                int next = boards.Where(board => quotas[board] < caps[board]).MinBy(board => problem.Seconds[board][quotas[board] + 1]);
                quotas[next]++;
            }
        }

        return quotas;
    }
}
