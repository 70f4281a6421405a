namespace Halo.Planning.Assignment;

/// <summary>
/// Solves a <see cref="QuotaProblem"/> kind after kind, each exactly within the memory that those before it left. Where memory does not bind, that is the
/// optimum; where it does, several orders are tried and the best one is taken.
/// </summary>
internal static class QuotaPlanner
{
    private static readonly ShardKind[][] s_orders =
    [
        [ShardKind.Attention, ShardKind.FeedForward, ShardKind.Vocabulary],
        [ShardKind.Attention, ShardKind.Vocabulary, ShardKind.FeedForward],
        [ShardKind.FeedForward, ShardKind.Attention, ShardKind.Vocabulary],
        [ShardKind.FeedForward, ShardKind.Vocabulary, ShardKind.Attention],
        [ShardKind.Vocabulary, ShardKind.Attention, ShardKind.FeedForward],
        [ShardKind.Vocabulary, ShardKind.FeedForward, ShardKind.Attention],
    ];

    /// <summary>Solves; null where no order fits.</summary>
    /// <param name="problem">The problem; its loss weight is set here.</param>
    /// <param name="lossWeight">What losing everything is worth, in shortest possible times of all stages.</param>
    /// <param name="tryAll">Whether to look further than the first order that fits.</param>
    internal static QuotaPlan? Solve(QuotaProblem problem, double lossWeight, bool tryAll)
    {
        if (problem.Free.Any(bytes => bytes < 0))
        {
            return null;
        }

        problem.LossWeight = 0;
        QuotaPlan? fastest = Best(problem, tryAll);
        double mass = problem.TotalMass;
        if (fastest is null || mass <= 0 || lossWeight <= 0)
        {
            return fastest;
        }

        problem.LossWeight = lossWeight * fastest.Value / mass;
        return Best(problem, tryAll);
    }

    private static QuotaPlan? Best(QuotaProblem problem, bool tryAll)
    {
        QuotaPlan? best = null;
        foreach (ShardKind[] order in tryAll ? s_orders : s_orders[..1])
        {
            if (InOrder(problem, order) is { } plan && (best is null || plan.Value < best.Value))
            {
                best = plan;
            }
        }

        return best;
    }

    private static QuotaPlan? InOrder(QuotaProblem problem, ShardKind[] order)
    {
        long[] free = [.. problem.Free];
        int[][] quotas = new int[order.Length][];
        double value = 0;
        foreach (ShardKind kind in order)
        {
            StageProblem stage = problem.Stage(kind, free);
            if (StageScheduler.Solve(stage) is not { } found)
            {
                return null;
            }

            quotas[(int)kind] = found;
            value += stage.Value(found);
            problem.Take(kind, found, free);
        }

        return new QuotaPlan(quotas, value);
    }
}
