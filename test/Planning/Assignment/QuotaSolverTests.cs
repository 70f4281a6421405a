using FsCheck;
using FsCheck.Fluent;
using Halo.Planning.Assignment;

namespace Halo.Planning.Tests.Assignment;

public sealed class QuotaSolverTests
{
    private sealed record Problem(int GroupCount, double[] Speeds, long[] Limits);

    [Fact]
    public void TrySolve_OfSmallProblems_FindsTheLeastMakespanOfAllSplits()
    {
        int solved = 0;
        int refused = 0;
        Prop.ForAll(Problems(mostGroups: 7, mostBoards: 4).ToArbitrary(), problem =>
        {
            double? best = BruteForce(problem, 0, problem.GroupCount, 0);
            int[] quotas = new int[problem.Speeds.Length];
            bool found = QuotaSolver.TrySolve(problem.GroupCount, problem.Speeds, problem.Limits, quotas);
            (solved, refused) = found ? (solved + 1, refused) : (solved, refused + 1);
            return found == best is not null && (!found || Makespan(problem.Speeds, quotas) == best);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));
        Assert.True(solved > 50 && refused > 20, $"{solved} problems had a solution and {refused} had none: too few to prove anything.");
    }

    [Fact]
    public void TrySolve_OfAnyProblem_HandsOutAllGroupsWithinTheLimits() =>
        Prop.ForAll(Problems(mostGroups: 300, mostBoards: 12).ToArbitrary(), problem =>
        {
            int[] quotas = new int[problem.Speeds.Length];
            bool found = QuotaSolver.TrySolve(problem.GroupCount, problem.Speeds, problem.Limits, quotas);
            bool room = problem.Limits.Where((_, board) => problem.Speeds[board] > 0).Sum() >= problem.GroupCount;
            return found == room && (!found || (quotas.Sum() == problem.GroupCount
                && quotas.Zip(problem.Limits, (quota, limit) => quota >= 0 && quota <= limit).All(holds => holds)
                && quotas.Zip(problem.Speeds, (quota, speed) => speed > 0 || quota == 0).All(holds => holds)));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1, new[] { 1, 0, 0 })]
    [InlineData(4, new[] { 2, 1, 1 })]
    [InlineData(5, new[] { 2, 2, 1 })]
    public void TrySolve_EqualBoards_GivesTheRestToTheFirst(int groups, int[] expected)
    {
        int[] quotas = new int[3];
        Assert.True(QuotaSolver.TrySolve(groups, [2, 2, 2], [99, 99, 99], quotas));
        Assert.Equal(expected, quotas);
    }

    [Fact]
    public void TrySolve_NoGroups_GivesNobodyAnything()
    {
        int[] quotas = [7, 7];
        Assert.True(QuotaSolver.TrySolve(0, [1, 1], [0, 0], quotas));
        Assert.Equal([0, 0], quotas);
    }

    [Fact]
    public void TrySolve_ListsOfUnequalLength_Throws() =>
        Assert.Throws<ArgumentException>(() => QuotaSolver.TrySolve(1, [1, 1], [1], new int[2]));

    // Speeds from a short list, so that ties are frequent; limits are often too small.
    private static Gen<Problem> Problems(int mostGroups, int mostBoards) =>
        from boards in Gen.Choose(1, mostBoards)
        from groups in Gen.Choose(0, mostGroups)
        from speeds in Gen.Elements(0.0, 0.5, 1, 1, 1.5, 2, 3, 7.3).ArrayOf(boards)
        from limits in Gen.Choose(0, Math.Max(1, 2 * mostGroups / boards)).ArrayOf(boards)
        select new Problem(groups, speeds, [.. limits.Select(limit => (long)limit)]);

    private static double? BruteForce(Problem problem, int board, int left, double makespan)
    {
        if (board == problem.Speeds.Length)
        {
            return left == 0 ? makespan : null;
        }

        double? best = null;
        for (int quota = 0; quota <= Math.Min(left, problem.Limits[board]) && (quota == 0 || problem.Speeds[board] > 0); quota++)
        {
            double here = quota == 0 ? makespan : Math.Max(makespan, quota / problem.Speeds[board]);
            double? rest = BruteForce(problem, board + 1, left - quota, here);
            best = best is null || rest < best ? rest ?? best : best;
        }

        return best;
    }

    private static double Makespan(double[] speeds, int[] quotas) =>
        quotas.Zip(speeds, (quota, speed) => quota == 0 ? 0 : quota / speed).Append(0).Max();
}
