namespace Halo.Planning.Assignment;

/// <summary>
/// How many groups of one kind each board gets, the same number in every layer: minimise
/// <c>TimeWeight * T + LossWeight * sum of mass[r] * loss(board of rank r)</c>, where every board's part takes at most T. In each layer groups are
/// ranked by importance, and groups of one rank are on boards of the same loss.
/// </summary>
internal sealed record StageProblem
{
    /// <summary>Seconds that <c>n</c> groups of a stage take on a board, by board and n; not falling with n. A board's row ends with the most that it can hold.</summary>
    public required double[][] Seconds { get; init; }

    /// <summary>Loss rate of each board, 0 to 1.</summary>
    public required double[] Losses { get; init; }

    /// <summary>Importance by rank, falling, summed over the layers: one entry a group.</summary>
    public required double[] Mass { get; init; }

    /// <summary>What a second of the slowest board is worth: the number of stages.</summary>
    public double TimeWeight { get; init; } = 1;

    /// <summary>What a unit of expected lost mass is worth.</summary>
    public double LossWeight { get; init; }

    internal int Limit(int board) => Seconds[board].Length - 1;

    /// <summary>Seconds of the slowest board; boards without groups take none.</summary>
    internal double Makespan(ReadOnlySpan<int> quotas)
    {
        double slowest = 0;
        for (int board = 0; board < quotas.Length; board++)
        {
            slowest = quotas[board] == 0 ? slowest : Math.Max(slowest, Seconds[board][quotas[board]]);
        }

        return slowest;
    }

    /// <summary>Mass that is lost on average where the most important groups are on the boards that lose least.</summary>
    internal double LostMass(ReadOnlySpan<int> quotas)
    {
        double lost = 0;
        int rank = 0;
        foreach (int board in ByLoss())
        {
            for (int end = rank + quotas[board]; rank < end; rank++)
            {
                lost += Mass[rank] * Losses[board];
            }
        }

        return lost;
    }

    /// <summary>What is to be minimised.</summary>
    internal double Value(ReadOnlySpan<int> quotas) => TimeWeight * Makespan(quotas) + LossWeight * LostMass(quotas);

    /// <summary>Boards by loss, then by number.</summary>
    internal IEnumerable<int> ByLoss() => Enumerable.Range(0, Losses.Length).OrderBy(board => Losses[board]);
}
