using System.Buffers;
using System.Numerics.Tensors;

namespace Halo.Planning.Importance;

/// <summary>
/// How much of a stage's importance a set of groups holds: the sum of <c>s_g = ||y_g|| / ||y||</c> over the set, divided by the sum over all groups.
/// Pure functions of one token's importances; importances are at least 0.
/// </summary>
public static class ImportanceMass
{
    private const int MostOnStack = 512;

    /// <summary>Puts the groups into order, highest score first; of equal scores the lower number first. NaN counts as the lowest.</summary>
    /// <param name="scores">A score for each group.</param>
    /// <param name="order">As long as <paramref name="scores"/>, written.</param>
    public static void Rank(ReadOnlySpan<float> scores, Span<int> order)
    {
        ThrowIfLengthsDiffer(scores.Length, order.Length);
        ulong[]? rented = scores.Length > MostOnStack ? ArrayPool<ulong>.Shared.Rent(scores.Length) : null;
        Span<ulong> keys = rented is null ? stackalloc ulong[MostOnStack] : rented;
        keys = keys[..scores.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = ((ulong)Descending(scores[i]) << 32) | (uint)i;
        }

        keys.Sort();
        for (int i = 0; i < keys.Length; i++)
        {
            order[i] = (int)(uint)keys[i];
        }

        if (rented is not null)
        {
            ArrayPool<ulong>.Shared.Return(rented);
        }
    }

    /// <summary>The share of the mass that some groups hold, 0 to 1; 1 where there is no mass at all, as nothing is missed then.</summary>
    /// <param name="importance">The importance of each group.</param>
    /// <param name="groups">The set; no group twice.</param>
    public static float Captured(ReadOnlySpan<float> importance, ReadOnlySpan<int> groups)
    {
        double held = 0;
        foreach (int group in groups)
        {
            held += importance[group];
        }

        double all = Total(importance);
        return all > 0 ? (float)Math.Min(1, held / all) : 1;
    }

    /// <summary>How many groups at the head of an order hold a share of the mass: the size of the critical set, the smallest where the order is by importance.</summary>
    /// <param name="importance">The importance of each group.</param>
    /// <param name="order">Groups, in the order in which they are taken.</param>
    /// <param name="mass">The share wanted, 0 to 1. At 1 every group with any mass is taken.</param>
    public static int CriticalCount(ReadOnlySpan<float> importance, ReadOnlySpan<int> order, double mass)
    {
        ThrowIfLengthsDiffer(importance.Length, order.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(mass, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mass, 1);
        double wanted = mass * Total(importance);
        double held = 0;
        int count = 0;
        while (count < order.Length && (held < wanted || (mass == 1 && HasMass(importance, order[count..]))))
        {
            held += importance[order[count]];
            count++;
        }

        return count;
    }

    /// <summary>The critical set by guessed importance: the smallest set that holds a share of the guessed mass, most important first.</summary>
    /// <param name="logScores">Log-importances, as a predictor gives them.</param>
    /// <param name="mass">The share wanted, 0 to 1.</param>
    /// <param name="order">As long as the scores, written: all groups, highest score first.</param>
    /// <returns>How many groups at the head of <paramref name="order"/> are the set.</returns>
    public static int CriticalSet(ReadOnlySpan<float> logScores, double mass, Span<int> order)
    {
        Rank(logScores, order);
        Span<float> importance = logScores.Length <= MostOnStack ? stackalloc float[logScores.Length] : new float[logScores.Length];
        TensorPrimitives.Subtract(logScores, TensorPrimitives.Max(logScores), importance); // so that no exponential overflows
        TensorPrimitives.Exp(importance, importance);
        return CriticalCount(importance, order, mass);
    }

    /// <summary>The share of one set's groups that another holds as well, 0 to 1; 1 where the first is empty.</summary>
    public static float Recall(ReadOnlySpan<int> wanted, ReadOnlySpan<int> chosen)
    {
        int found = 0;
        foreach (int group in wanted)
        {
            found += chosen.Contains(group) ? 1 : 0;
        }

        return wanted.IsEmpty ? 1 : (float)found / wanted.Length;
    }

    private static bool HasMass(ReadOnlySpan<float> importance, ReadOnlySpan<int> rest)
    {
        foreach (int group in rest)
        {
            if (importance[group] > 0)
            {
                return true;
            }
        }

        return false;
    }

    // In single precision a large sum loses the small groups, and a set of all of them would not reach all the mass.
    private static double Total(ReadOnlySpan<float> importance)
    {
        double sum = 0;
        foreach (float one in importance)
        {
            sum += one;
        }

        return sum;
    }

    // Floats as integers in the same order, then turned round.
    private static uint Descending(float score)
    {
        if (float.IsNaN(score))
        {
            return uint.MaxValue;
        }

        int bits = BitConverter.SingleToInt32Bits(score + 0f); // -0 becomes 0
        uint ascending = bits < 0 ? ~(uint)bits : (uint)bits | 0x8000_0000;
        return ~ascending;
    }

    private static void ThrowIfLengthsDiffer(int scores, int order)
    {
        if (scores != order)
        {
            throw new ArgumentException($"There are {scores} groups, and {order} places in the order.");
        }
    }
}
