using System.Numerics.Tensors;

namespace Halo.Planning.Importance.Fitting;

/// <summary>
/// Puts neurons that fire together into one group: looks for groups of equal size with the largest sum of <c>M[i, j]</c> over the pairs within a
/// group, M the mean products of the neurons' activity. That is the mean, over tokens and groups, of a group's squared activity, so a token's
/// activity gathers in few groups. Starts from neurons sorted by their own activity and swaps pairs while that gains.
/// </summary>
public static class NeuronClusters
{
    private const int MostSweeps = 20;

    /// <summary>Finds groups.</summary>
    /// <param name="products">Row-major (neurons, neurons), symmetric: the mean products of activity.</param>
    /// <param name="neurons">Neurons.</param>
    /// <param name="groupSize">Neurons of a group; the last one has the rest.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <returns>The neurons in their new order: group by group, groups in descending total activity save a smaller last one, neurons ascending.</returns>
    public static int[] Order(ReadOnlySpan<double> products, int neurons, int groupSize, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(products.Length, neurons * neurons, nameof(products));
        ArgumentOutOfRangeException.ThrowIfLessThan(groupSize, 1);
        double[] own = new double[neurons];
        for (int i = 0; i < neurons; i++)
        {
            own[i] = products[(i * neurons) + i];
        }

        int groups = (neurons + groupSize - 1) / groupSize;
        int[] groupOf = new int[neurons];
        int place = 0;
        foreach (int neuron in Enumerable.Range(0, neurons).OrderByDescending(i => own[i]))
        {
            groupOf[neuron] = place++ / groupSize;
        }

        Improve(products, groupOf, groups, cancellation);
        double[] activity = new double[groups];
        for (int i = 0; i < neurons; i++)
        {
            activity[groupOf[i]] += own[i];
        }

        bool ragged = neurons % groupSize != 0;
        return
        [
            .. Enumerable.Range(0, groups)
                .OrderByDescending(group => ragged && group == groups - 1 ? double.NegativeInfinity : activity[group])
                .SelectMany(group => Enumerable.Range(0, neurons).Where(i => groupOf[i] == group)),
        ];
    }

    private static void Improve(ReadOnlySpan<double> products, int[] groupOf, int groups, CancellationToken cancellation)
    {
        int neurons = groupOf.Length;
        double[] sums = new double[groups * neurons]; // (groups, neurons): products of a neuron with all of a group
        for (int i = 0; i < neurons; i++)
        {
            Span<double> row = sums.AsSpan(groupOf[i] * neurons, neurons);
            TensorPrimitives.Add(row, products.Slice(i * neurons, neurons), row);
        }

        bool gained = true;
        for (int sweep = 0; gained && sweep < MostSweeps; sweep++)
        {
            gained = false;
            for (int i = 0; i < neurons; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                gained |= SwapBest(products, groupOf, sums, i);
            }
        }
    }

    private static bool SwapBest(ReadOnlySpan<double> products, int[] groupOf, double[] sums, int i)
    {
        int neurons = groupOf.Length;
        ReadOnlySpan<double> pairs = products.Slice(i * neurons, neurons);
        ReadOnlySpan<double> ownSums = sums.AsSpan(groupOf[i] * neurons, neurons);
        double stay = ownSums[i] - pairs[i];
        int best = -1;
        double bestGain = 1e-9 * Math.Abs(pairs[i]); // below that it is rounding, and the search might not end
        for (int k = 0; k < neurons; k++)
        {
            if (groupOf[k] == groupOf[i])
            {
                continue;
            }

            int other = groupOf[k] * neurons;
            double gain = sums[other + i] - pairs[k] - stay + (ownSums[k] - pairs[k]) - (sums[other + k] - products[(k * neurons) + k]);
            if (gain > bestGain)
            {
                (best, bestGain) = (k, gain);
            }
        }

        if (best < 0)
        {
            return false;
        }

        ReadOnlySpan<double> bestPairs = products.Slice(best * neurons, neurons);
        Span<double> from = sums.AsSpan(groupOf[i] * neurons, neurons);
        Span<double> to = sums.AsSpan(groupOf[best] * neurons, neurons);
        TensorPrimitives.Subtract(from, pairs, from);
        TensorPrimitives.Add(from, bestPairs, from);
        TensorPrimitives.Subtract(to, bestPairs, to);
        TensorPrimitives.Add(to, pairs, to);
        (groupOf[i], groupOf[best]) = (groupOf[best], groupOf[i]);
        return true;
    }
}
