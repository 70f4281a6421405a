using Halo.Inference.Sampling;

namespace Halo.Inference.Tests.Sampling;

public sealed class LogProbabilitiesTests
{
    [Fact]
    public void Of_LargeLogits_StaysFinite()
    {
        Assert.Equal(-Math.Log(2), LogProbabilities.Of([10_000f, 10_000f], 0), 6);
        Assert.Equal(-20_000f, LogProbabilities.Of([10_000f, -10_000f], 1));
        Assert.Equal(float.NegativeInfinity, LogProbabilities.Of([0f, float.NegativeInfinity], 1));
    }

    [Fact]
    public void Of_AllTokens_SumToOne()
    {
        float[] logits = [.. Enumerable.Range(0, 1000).Select(i => MathF.Cos(i) * 8)];

        Assert.Equal(1, Enumerable.Range(0, 1000).Sum(token => Math.Exp(LogProbabilities.Of(logits, token))), 5);
    }

    [Fact]
    public void Top_AnyCount_IsTheHeadOfTheSortedList()
    {
        Random random = new(3);
        for (int round = 0; round < 200; round++)
        {
            float[] logits = [.. Enumerable.Range(0, 50).Select(_ => random.Next(20) / 2f)];
            int count = random.Next(0, 60);
            TokenLogProbability[] top = new TokenLogProbability[40];

            int written = LogProbabilities.Top(logits, count, top);

            Assert.Equal(Math.Min(count, 40), written);
            int[] expected = [.. Enumerable.Range(0, 50).OrderByDescending(i => logits[i]).ThenBy(i => i).Take(written)];
            Assert.Equal(expected, top.Take(written).Select(entry => entry.Token));
            Assert.All(top.Take(written), entry => Assert.Equal(LogProbabilities.Of(logits, entry.Token), entry.LogProbability));
        }
    }

    [Fact]
    public void Of_TokenOutsideTheLogits_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => LogProbabilities.Of([1f], 1));
}
