namespace Halo.Planning.Assignment;

/// <summary>
/// Splits equal groups over unequal boards: minimise T subject to <c>n_d / speed_d &lt;= T</c>, <c>n_d &lt;= limit_d</c>,
/// <c>sum n_d = groups</c>. The optimum T is one of the values <c>k / speed_d</c>, so adding group after group to the board that would
/// finish it first is exact for equal groups (each step keeps the makespan minimal). O(groups * boards).
/// </summary>
public static class QuotaSolver
{
    /// <summary>Solves the problem; ties go to the board with the lower index.</summary>
    /// <param name="groupCount">Groups to hand out.</param>
    /// <param name="speeds">Relative speed of each board, above 0; a board of speed 0 gets nothing.</param>
    /// <param name="limits">The most groups each board may take.</param>
    /// <param name="quotas">Groups of each board; meaningful only where the result is true.</param>
    /// <returns>False where the limits leave room for fewer than <paramref name="groupCount"/> groups.</returns>
    public static bool TrySolve(int groupCount, ReadOnlySpan<double> speeds, ReadOnlySpan<long> limits, Span<int> quotas)
    {
        if (speeds.Length != limits.Length || speeds.Length != quotas.Length)
        {
            throw new ArgumentException("Speeds, limits and quotas must have one entry a board.", nameof(speeds));
        }

        quotas.Clear();
        for (int group = 0; group < groupCount; group++)
        {
            int best = -1;
            double bestFinish = double.PositiveInfinity;
            for (int board = 0; board < speeds.Length; board++)
            {
                double finish = (quotas[board] + 1) / speeds[board];
                if (quotas[board] < limits[board] && speeds[board] > 0 && finish < bestFinish)
                {
                    (best, bestFinish) = (board, finish);
                }
            }

            if (best < 0)
            {
                return false;
            }

            quotas[best]++;
        }

        return true;
    }
}
