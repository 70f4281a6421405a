using Halo.Planning.Importance.Fitting;

namespace Halo.Planning.Tests.Importance;

public sealed class NeuronClustersTests
{
    [Theory]
    [InlineData(24, 4)]
    [InlineData(26, 4)]
    public void Order_OfNeuronsThatFireTogether_BringsThemTogether(int neurons, int groupSize)
    {
        // Six sets of four, shuffled; each set fires for tokens of its own kind, the first most often; of 26 two fire hardly ever.
        int[] set = [.. Enumerable.Range(0, neurons).Select(i => i / 4)];
        new Random(5).Shuffle(set);
        double[] products = new double[neurons * neurons];
        for (int at = 0; at < products.Length; at++)
        {
            (int i, int j) = (at / neurons, at % neurons);
            products[at] = (set[i] == set[j] ? 1.0 : 0.3) / (1 + Math.Min(set[i], set[j]));
        }

        int[] order = NeuronClusters.Order(products, neurons, groupSize);
        Assert.Equal(Enumerable.Range(0, neurons), order.Order());
        Assert.Equal(Enumerable.Range(0, neurons).Select(place => place / groupSize), order.Select(neuron => set[neuron]));
    }

    [Fact]
    public void Order_Cancelled_Ends() => Assert.Throws<OperationCanceledException>(
        () => NeuronClusters.Order(new double[16], 4, 2, new CancellationToken(canceled: true)));
}
