namespace Halo.Planning.Assignment;

/// <summary>
/// The optimum of a <see cref="QuotaProblem"/> over attention and feed-forward by trying every split of both, with bounds: the yardstick of
/// <see cref="QuotaPlanner"/>, for a few boards and groups. Tokens take what memory is left.
/// </summary>
internal sealed class ExactSolver
{
    private readonly QuotaProblem _problem;
    private readonly int[] _heads;
    private readonly int[] _neurons;
    private QuotaPlan? _best;

    private ExactSolver(QuotaProblem problem)
    {
        _problem = problem;
        _heads = new int[problem.BoardCount];
        _neurons = new int[problem.BoardCount];
    }

    /// <summary>The best plan for the problem's loss weight; null where none fits.</summary>
    internal static QuotaPlan? Solve(QuotaProblem problem)
    {
        ExactSolver solver = new(problem);
        if (problem.Free.All(bytes => bytes >= 0))
        {
            solver.Search(0, problem.GroupCount(ShardKind.Attention), problem.GroupCount(ShardKind.FeedForward), 0);
        }

        return solver._best;
    }

    private void Search(int board, int heads, int neurons, double bound)
    {
        if (_best is not null && bound >= _best.Value)
        {
            return;
        }

        if (board == _problem.BoardCount)
        {
            if (heads == 0 && neurons == 0)
            {
                Judge();
            }

            return;
        }

        StageProblem attention = _problem.Stage(ShardKind.Attention, _problem.Free);
        for (int some = 0; some <= Math.Min(heads, attention.Limit(board)); some++)
        {
            long[] free = [.. _problem.Free];
            free[board] -= _problem.Times(ShardKind.Attention, board).Taken(some, free[board]);
            StageProblem feedForward = _problem.Stage(ShardKind.FeedForward, free);
            _heads[board] = some;
            for (int more = 0; more <= Math.Min(neurons, feedForward.Limit(board)); more++)
            {
                _neurons[board] = more;
                double here = attention.TimeWeight * attention.Seconds[board][some] + feedForward.TimeWeight * feedForward.Seconds[board][more];
                Search(board + 1, heads - some, neurons - more, Math.Max(bound, here));
            }
        }

        _heads[board] = 0;
        _neurons[board] = 0;
    }

    private void Judge()
    {
        long[] free = [.. _problem.Free];
        double value = 0;
        int[][] quotas = [[.. _heads], [.. _neurons], []];
        foreach (ShardKind kind in new[] { ShardKind.Attention, ShardKind.FeedForward })
        {
            value += _problem.Stage(kind, free).Value(quotas[(int)kind]);
            _problem.Take(kind, quotas[(int)kind], free);
        }

        StageProblem tokens = _problem.Stage(ShardKind.Vocabulary, free);
        if (StageScheduler.Solve(tokens) is { } rest && value + tokens.Value(rest) is var all && (_best is null || all < _best.Value))
        {
            quotas[(int)ShardKind.Vocabulary] = rest;
            _best = new QuotaPlan(quotas, all);
        }
    }
}
