using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Planning.Profiles;

namespace Halo.Planning.Tests.Assignment;

public sealed class ExactSolverTests
{
    // Kind after kind is not the optimum where kinds fight for memory. The worst of many thousand cases stays below this.
    private const double Bound = 1.6;

    [Fact]
    public void Solve_MemoryForAll_FindsWhatTheSchedulerFinds()
    {
        Random random = new(8);
        for (int i = 0; i < 400; i++)
        {
            (QuotaProblem problem, double lossWeight) = Any(random, _ => 1_000_000);
            QuotaPlan fast = QuotaPlanner.Solve(problem, lossWeight, tryAll: true)!;
            QuotaPlan exact = ExactSolver.Solve(problem)!;
            Assert.Equal(exact.Value, fast.Value, 1e-9 * exact.Value);
        }
    }

    [Fact]
    public void Solve_LittleMemory_IsBeatenByTheSchedulerNeverAndMissedByItRarely()
    {
        Random random = new(9);
        int both = 0;
        int optimal = 0;
        int missed = 0;
        double worst = 1;
        for (int i = 0; i < 2000; i++)
        {
            (QuotaProblem problem, double lossWeight) = Any(random, of => of.Next(2_500, 16_000));
            QuotaPlan? fast = QuotaPlanner.Solve(problem, lossWeight, tryAll: true);
            QuotaPlan? exact = ExactSolver.Solve(problem);
            Assert.False(exact is null && fast is not null, "The scheduler found a plan where there is none.");
            missed += exact is not null && fast is null ? 1 : 0;
            if (fast is not null)
            {
                both++;
                double ratio = fast.Value / exact!.Value;
                Assert.True(ratio > 1 - 1e-9, $"Case {i}: the scheduler's {fast.Value} is below the optimum {exact.Value}.");
                optimal += ratio < 1 + 1e-9 ? 1 : 0;
                worst = Math.Max(worst, ratio);
            }
        }

        string found = $"{both} cases with a plan, {optimal} of them optimal, worst {worst:0.000} times the optimum, {missed} plans missed.";
        Assert.True(both > 500, found);
        Assert.True(worst <= Bound, found);
        Assert.True(optimal >= 0.9 * both, found);
        Assert.True(missed <= 0.02 * both, found);
    }

    private static (QuotaProblem Problem, double LossWeight) Any(Random random, Func<Random, int> memory)
    {
        ModelProfile model = Profiles.Model with
        {
            HeadGroupCount = random.Next(1, 4),
            NeuronGroupCount = random.Next(1, 7),
            TokenGroupCount = random.Next(1, 4),
            HeadGroupBytes = random.Next(1, 4) * 500,
            BoardBytes = 100,
            HeadBoardBytes = 300,
        };
        BoardProfile[] boards = [.. Enumerable.Range(0, random.Next(2, 4)).Select(board => new BoardProfile($"b{board}", random.Next(1, 6), memory(random))
        {
            Loss = random.Next(0, 4) * 0.05,
            StorageBytesPerSecond = random.Next(0, 4) == 0 ? 0.5 : 0,
        })];
        ModelImportance importance = Profiles.Importance(model, random);
        QuotaProblem problem = new(
            model, boards, Draft.Losses(boards), new GroupMass(model, importance), head: 0, headHoldsShards: random.Next(0, 4) > 0, kvPositions: 10);
        return (problem, random.Next(0, 5));
    }
}
