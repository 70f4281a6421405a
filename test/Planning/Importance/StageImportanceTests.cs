using Halo.Planning.Importance;

namespace Halo.Planning.Tests.Importance;

public sealed class StageImportanceTests
{
    [Fact]
    public void Ranking_OfMeans_IsMostImportantFirst() =>
        Assert.Equal([2, 3, 0, 1], new StageImportance { Mean = [0.2f, 0.1f, 0.9f, 0.2f + 1e-3f] }.Ranking());

    [Fact]
    public void MeanPart_OfAGroup_IsItsRow()
    {
        StageImportance stage = new() { Mean = [1, 1], MeanParts = new float[] { 1, 2, 3, 4, 5, 6 } };
        Assert.Equal([4, 5, 6], stage.MeanPart(1).ToArray());
        Assert.Throws<InvalidOperationException>(() => new StageImportance { Mean = [1] }.MeanPart(0).ToArray());
    }

    [Fact]
    public void Score_OfALowRankMap_IsThatOfItsProduct()
    {
        float[] inner = MadeImportance.Numbers(2 * 5, 1);
        float[] outer = MadeImportance.Numbers(4 * 2, 2);
        float[] bias = MadeImportance.Numbers(4, 3);
        float[] whole = new float[4 * 5];
        for (int at = 0; at < whole.Length; at++)
        {
            whole[at] = (outer[at / 5 * 2] * inner[at % 5]) + (outer[(at / 5 * 2) + 1] * inner[5 + (at % 5)]);
        }

        float[] input = MadeImportance.Numbers(5, 4);
        float[] expected = new float[4];
        float[] actual = new float[4];
        new GroupPredictor(5, whole, [], bias).Score(input, expected);
        new GroupPredictor(5, inner, outer, bias).Score(input, actual);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void Score_ManyTimes_AllocatesNothing()
    {
        GroupPredictor predictor = new(5, MadeImportance.Numbers(2 * 5, 1), MadeImportance.Numbers(4 * 2, 2), MadeImportance.Numbers(4, 3));
        float[] input = MadeImportance.Numbers(5, 4);
        float[] scores = new float[4];
        int[] order = new int[4];
        Repeat(10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(1000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Repeat(int times)
        {
            for (int i = 0; i < times; i++)
            {
                predictor.Score(input, scores);
                ImportanceMass.CriticalSet(scores, 0.95, order);
            }
        }
    }

    [Fact]
    public void Predictor_OfSizesThatDoNotFit_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => new GroupPredictor(5, new float[9], [], new float[2]));
        Assert.Throws<ArgumentException>(() => new GroupPredictor(5, new float[10], [], new float[3]));
        Assert.Throws<ArgumentException>(() => new GroupPredictor(5, new float[10], new float[5], new float[3]));
        Assert.Throws<ArgumentException>(() => new GroupPredictor(5, [1, 2, 3, 4, float.NaN], [], new float[1]));
        GroupPredictor predictor = new(5, new float[10], [], new float[2]);
        Assert.Throws<ArgumentException>(() => predictor.Score(new float[4], new float[2]));
        Assert.Throws<ArgumentException>(() => predictor.Score(new float[5], new float[3]));
    }

    [Fact]
    public void AddTo_OfASurrogate_AddsItsMapAndOffset()
    {
        GroupSurrogate surrogate = new([1, 0, 2, 0, 1, 0], [1, 1, 1, 0, 0, 5], [10, 20, 30]);
        float[] sum = [100, 100, 100];
        surrogate.AddTo([1, 2, 3], sum); // V x = (7, 2)
        Assert.Equal([117, 127, 147], sum);
        Assert.Throws<ArgumentException>(() => new GroupSurrogate(new float[4], new float[4], new float[3]));
    }
}
