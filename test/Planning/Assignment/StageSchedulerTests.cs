using Halo.Planning.Assignment;

namespace Halo.Planning.Tests.Assignment;

public sealed class StageSchedulerTests
{
    [Fact]
    public void Solve_OfThousandsOfSmallStages_IsTheOptimumOverAllAssignments()
    {
        Random random = new(6);
        int solved = 0;
        int traded = 0;
        for (int i = 0; i < 3000; i++)
        {
            StageProblem problem = Any(random, boards: random.Next(1, 4), groups: random.Next(1, 7));
            double? best = BruteForce(problem);
            int[]? quotas = StageScheduler.Solve(problem);
            Assert.Equal(best is null, quotas is null);
            if (quotas is not null)
            {
                Assert.Equal(problem.Mass.Length, quotas.Sum());
                Assert.Equal(best!.Value, problem.Value(quotas), 1e-9 * best.Value);
                solved++;
                traded += problem.Makespan(quotas) > problem.Makespan(StageScheduler.Solve(problem with { LossWeight = 0 })!) ? 1 : 0;
            }
        }

        Assert.True(solved > 2000 && traded > 100, $"Only {solved} of 3,000 stages had room, and {traded} gave time for less loss.");
    }

    [Fact]
    public void Solve_EqualLosses_GivesTheQuotasOfSpeedAlone()
    {
        Random random = new(7);
        for (int i = 0; i < 3000; i++)
        {
            int boards = random.Next(1, 8);
            int groups = random.Next(1, 40);
            double[] speeds = [.. Enumerable.Range(0, boards).Select(_ => (double)random.Next(1, 20))];
            long[] limits = [.. Enumerable.Range(0, boards).Select(_ => (long)random.Next(0, 30))];
            StageProblem problem = new()
            {
                Seconds = [.. speeds.Zip(limits, (speed, limit) => Enumerable.Range(0, (int)limit + 1).Select(count => count / speed * 1000).ToArray())],
                Losses = [.. Enumerable.Repeat(0.1, boards)],
                Mass = Falling(random, groups),
                LossWeight = 1000,
            };
            int[] expected = new int[boards];
            bool fits = QuotaSolver.TrySolve(groups, speeds, limits, expected);
            Assert.Equal(fits ? expected : null, StageScheduler.Solve(problem));
        }
    }

    [Fact]
    public void Solve_LossWorthMoreThanTime_LeavesTheLosingBoardOut()
    {
        StageProblem problem = new()
        {
            Seconds = [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]],
            Losses = [0.2, 0],
            Mass = [8, 4, 2, 1],
        };
        Assert.Equal([2, 2], StageScheduler.Solve(problem with { LossWeight = 0 })!);
        Assert.Equal([2, 2], StageScheduler.Solve(problem with { LossWeight = 1 })!);
        Assert.Equal([1, 3], StageScheduler.Solve(problem with { LossWeight = 3 })!); // 0.6 s for mass 2, 1.2 s more for mass 1
        Assert.Equal([0, 4], StageScheduler.Solve(problem with { LossWeight = 6 })!);
    }

    private static StageProblem Any(Random random, int boards, int groups) => new()
    {
        Seconds = [.. Enumerable.Range(0, boards).Select(_ => Rising(random, random.Next(groups / 2, groups + 1)))],
        Losses = [.. Enumerable.Range(0, boards).Select(_ => random.Next(0, 4) * 0.05)],
        Mass = Falling(random, groups),
        TimeWeight = random.Next(1, 3),
        LossWeight = random.Next(0, 4) * 40,
    };

    // Some boards wait for storage: their times rise in steps.
    private static double[] Rising(Random random, int limit)
    {
        double[] seconds = new double[limit + 1];
        double each = random.Next(1, 6);
        double delay = random.Next(0, 2);
        for (int count = 1; count <= limit; count++)
        {
            seconds[count] = Math.Max(count * each + delay, random.Next(0, 3) == 0 ? seconds[count - 1] + 3 * each : 0);
            seconds[count] = Math.Max(seconds[count], seconds[count - 1]);
        }

        return seconds;
    }

    private static double[] Falling(Random random, int groups) => [.. Enumerable.Range(0, groups).Select(_ => random.NextDouble()).OrderDescending()];

    // Group by group, with nothing of the scheduler's own reasoning.
    private static double? BruteForce(StageProblem problem)
    {
        int boards = problem.Losses.Length;
        double? best = null;
        int[] owner = new int[problem.Mass.Length];
        for (long code = 0; code < (long)Math.Pow(boards, owner.Length); code++)
        {
            long rest = code;
            int[] counts = new int[boards];
            double lost = 0;
            for (int group = 0; group < owner.Length; group++, rest /= boards)
            {
                counts[rest % boards]++;
                lost += problem.Mass[group] * problem.Losses[rest % boards];
            }

            if (Enumerable.Range(0, boards).All(board => counts[board] < problem.Seconds[board].Length))
            {
                double value = problem.TimeWeight * problem.Makespan(counts) + problem.LossWeight * lost;
                best = best is null ? value : Math.Min(best.Value, value);
            }
        }

        return best;
    }
}
