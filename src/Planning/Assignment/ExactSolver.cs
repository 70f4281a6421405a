namespace Halo.Planning.Assignment;

/// <summary>
/// The optimum of a <see cref="QuotaProblem"/> by trying every split of all kinds, given up where what is decided already costs more than the best one
/// found: the yardstick of <see cref="QuotaPlanner"/>, for a few boards and groups.
/// </summary>
internal sealed class ExactSolver
{
    private readonly QuotaProblem _problem;
    private readonly StageProblem _heads;
    private readonly StageProblem _tokens;
    private readonly StageProblem _neurons;
    private readonly int[][] _quotas;
    private QuotaPlan? _best;

    private ExactSolver(QuotaProblem problem)
    {
        _problem = problem;
        _heads = problem.Stage(ShardKind.Attention, problem.Free);
        _tokens = problem.Stage(ShardKind.Vocabulary, problem.Free);
        _neurons = problem.Stage(ShardKind.FeedForward, problem.Free);
        _quotas = [.. Enum.GetValues<ShardKind>().Select(_ => new int[problem.BoardCount])];
    }

    /// <summary>The best plan for the problem's loss weight; null where none fits.</summary>
    internal static QuotaPlan? Solve(QuotaProblem problem)
    {
        ExactSolver solver = new(problem);
        if (problem.Free.All(bytes => bytes >= 0))
        {
            solver.Search(0, [.. Enum.GetValues<ShardKind>().Select(problem.GroupCount)], new double[3]);
        }

        return solver._best;
    }

    // Neuron groups come last on each board: they alone can do with less memory than they need.
    private void Search(int board, int[] left, double[] slowest)
    {
        if (_best is not null && Time(slowest) >= _best.Value)
        {
            return;
        }

        if (board == _problem.BoardCount)
        {
            Judge(left, slowest);
            return;
        }

        for (int heads = 0; heads <= Math.Min(left[0], _heads.Limit(board)); heads++)
        {
            for (int tokens = 0; tokens <= Math.Min(left[2], _tokens.Limit(board)); tokens++)
            {
                long free = _problem.Free[board] - Held(ShardKind.Attention, board, heads) - Held(ShardKind.Vocabulary, board, tokens);
                double[] times = free < 0 ? [] : _neurons.Limit(board) == 0 ? [0] : _problem.Times(ShardKind.FeedForward, board).Seconds(free, left[1]);
                for (int neurons = 0; neurons < times.Length; neurons++)
                {
                    (_quotas[0][board], _quotas[1][board], _quotas[2][board]) = (heads, neurons, tokens);
                    Search(
                        board + 1,
                        [left[0] - heads, left[1] - neurons, left[2] - tokens],
                        [
                            Math.Max(slowest[0], _heads.Seconds[board][heads]),
                            Math.Max(slowest[1], times[neurons]),
                            Math.Max(slowest[2], _tokens.Seconds[board][tokens]),
                        ]);
                }
            }
        }
    }

    private void Judge(int[] left, double[] slowest)
    {
        if (left.Any(count => count > 0))
        {
            return;
        }

        double value = Time(slowest) + _problem.LossWeight * (_heads.LostMass(_quotas[0]) + _neurons.LostMass(_quotas[1]));
        if (_best is null || value < _best.Value)
        {
            _best = new QuotaPlan([.. _quotas.Select(kind => kind.ToArray())], value);
        }
    }

    private double Time(double[] slowest) => _heads.TimeWeight * slowest[0] + _neurons.TimeWeight * slowest[1] + _tokens.TimeWeight * slowest[2];

    private long Held(ShardKind kind, int board, int count) => _problem.Times(kind, board).HeldBytes * count;
}
