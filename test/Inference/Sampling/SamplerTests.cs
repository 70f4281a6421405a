using FsCheck;
using FsCheck.Fluent;
using Halo.Inference.Sampling;

namespace Halo.Inference.Tests.Sampling;

public sealed class SamplerTests
{
    [Fact]
    public void Sample_Greedy_TakesTheLargestAndTheLowestIdOfEquals()
    {
        SampledToken token = new Sampler(SamplingParameters.Greedy, 4).Sample([1f, 3f, 3f, 2f], []);

        Assert.Equal(1, token.Token);
        Assert.Equal(Math.Log(1 / (2 + Math.Exp(-1) + Math.Exp(-2))), token.LogProbability, 5);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void Sample_LogitsNoSoftmaxHas_ThrowsNamingTheToken(float temperature)
    {
        Sampler sampler = new(new SamplingParameters { Temperature = temperature }, 3);

        Assert.Contains("token 1 is NaN", Assert.Throws<ArithmeticException>(() => sampler.Sample([1, float.NaN, 2], [])).Message, StringComparison.Ordinal);
        Assert.Throws<ArithmeticException>(() => sampler.Sample([1, float.PositiveInfinity, 2], []));
        float none = float.NegativeInfinity;
        Assert.Throws<ArithmeticException>(() => sampler.Sample([none, none, none], []));
        Assert.Equal(2, sampler.Sample([none, none, 2], []).Token);
        Assert.Throws<ArgumentException>(() => sampler.Sample([1, 2], []));
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void Sample_PenaltyNextToNothing_TakesTheTokenThatItRaises(float temperature)
    {
        Sampler sampler = new(new SamplingParameters { Temperature = temperature, RepetitionPenalty = float.Epsilon, FrequencyPenalty = -2 }, 3);

        Assert.Equal(1, sampler.Sample([2, 1, float.NegativeInfinity], [1, 2]).Token);
    }

    [Fact]
    public void Sample_SameSeed_GivesTheSamePinnedSequence()
    {
        SamplingParameters parameters = new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, Seed = 42 };

        int[] first = Sequence(parameters, 11);

        Assert.Equal(first, Sequence(parameters, 11));
        Assert.NotEqual(first, Sequence(parameters with { Seed = 43 }, 11));
        Assert.Equal("14, 1, 82, 18, 99, 88, 63, 16, 91, 32, 82", string.Join(", ", first));
    }

    [Fact]
    public void NextUInt64_ReferenceState_GivesTheAuthorsSequence()
    {
        // Seed 0 through SplitMix64, then xoshiro256**: the published first outputs for that seeding.
        Xoshiro256 random = new(0);

        Assert.Equal([0x99EC5F36CB75F2B4UL, 0xBF6E1F784956452AUL], [random.NextUInt64(), random.NextUInt64()]);
    }

    [Fact]
    public void Sample_Penalties_LowerRecentTokensAndLeaveTheLogitsAlone()
    {
        float[] logits = [4f, -1f, 3f, 2.9f];
        float[] before = [.. logits];
        int[] history = [3, 3, 0, 0, 1];

        // repetition 2: token 0 becomes 2, token 3 becomes 1.45; token 2 is untouched and wins.
        Assert.Equal(2, Greedy(new() { RepetitionPenalty = 2 }, logits, history));

        // A window of one sees only token 1.
        Assert.Equal(0, Greedy(new() { RepetitionPenalty = 2, PenaltyWindow = 1 }, logits, history));

        // 4 - 2 * 0.6 = 2.8 and 2.9 - 1.2 = 1.7.
        Assert.Equal(2, Greedy(new() { FrequencyPenalty = 0.6f }, logits, history));

        // 4 - 0.9 = 3.1 stays ahead of 3: presence counts once.
        Assert.Equal(0, Greedy(new() { PresencePenalty = 0.9f }, logits, history));
        Assert.Equal(2, Greedy(new() { PresencePenalty = 1.1f }, logits, history));

        // Negative logits are multiplied: -1 falls to -2.
        Assert.Equal(0, Greedy(new() { RepetitionPenalty = 2 }, [-1.5f, -1f], [1]));
        Assert.Equal(before, logits);
    }

    [Fact]
    public void Sample_HistoryOutsideTheVocabulary_ThrowsAndStaysUsable()
    {
        Sampler sampler = new(SamplingParameters.Greedy with { RepetitionPenalty = 2 }, 2);
        float[] logits = [3f, 2f];

        Assert.Throws<ArgumentOutOfRangeException>(() => sampler.Sample(logits, [0, 7]));
        Assert.Equal([3f, 2f], logits);
        Assert.Equal(0, sampler.Sample(logits, []).Token);
    }

    [Fact]
    public void Sample_AfterWarmUp_AllocatesNothing()
    {
        float[] logits = [.. Enumerable.Range(0, 5000).Select(i => MathF.Sin(i) * 5)];
        int[] history = [1, 2, 3, 2];
        Sampler sampler = new(new SamplingParameters { RepetitionPenalty = 1.1f }, logits.Length);
        sampler.Sample(logits, history);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            sampler.Sample(logits, history);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Sample_ManyDraws_FollowTheProbabilities()
    {
        float[] logits = [MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.2f)];
        Sampler sampler = new(new SamplingParameters { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, Seed = 1 }, 3);
        int[] counts = new int[3];
        for (int i = 0; i < 20_000; i++)
        {
            counts[sampler.Sample(logits, []).Token]++;
        }

        // Standard deviation of a share is at most sqrt(0.25 / 20,000) = 0.0035; four of them.
        Assert.Equal(0.5, counts[0] / 20_000.0, 0.014);
        Assert.Equal(0.3, counts[1] / 20_000.0, 0.014);
    }

    [Fact]
    public void Sample_AnyFilters_DrawsExactlyFromTheSetOfASlowOracle()
    {
        Gen<(int[] Logits, int TopK, int TopP, int MinP)> cases =
            from logits in Gen.Choose(-40, 40).ArrayOf(12)
            from topK in Gen.Choose(0, 13)
            from topP in Gen.Choose(1, 100)
            from minP in Gen.Choose(0, 100)
            select (logits, topK, topP, minP);
        Prop.ForAll(cases.ToArbitrary(), item =>
        {
            float[] logits = [.. item.Logits.Select(logit => logit / 10f)];
            SamplingParameters parameters = new() { Temperature = 50, TopK = item.TopK, TopP = item.TopP / 100f, MinP = item.MinP / 100f };

            // A temperature of 50 makes the kept tokens nearly uniform: 400 draws miss one of 12 with probability under 1e-12.
            Sampler sampler = new(parameters, logits.Length);
            int[] drawn = [.. Enumerable.Range(0, 400).Select(_ => sampler.Sample(logits, []).Token).Distinct().Order()];
            int[] expected = [.. Kept(logits, parameters).Order()];
            return drawn.SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();
    }

    private static IEnumerable<int> Kept(float[] logits, SamplingParameters parameters)
    {
        List<int> order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).ThenBy(i => i)];
        order = parameters.TopK > 0 ? [.. order.Take(parameters.TopK)] : order;
        double max = logits[order[0]];
        double total = order.Sum(i => Math.Exp(logits[i] - max));
        double reached = 0;
        foreach (int token in order)
        {
            bool isFirst = token == order[0];
            if (!isFirst && ((parameters.TopP < 1 && reached >= parameters.TopP * total) || logits[token] < max + Math.Log(parameters.MinP)))
            {
                yield break;
            }

            reached += Math.Exp(logits[token] - max);
            yield return token;
        }
    }

    private static int Greedy(SamplingParameters parameters, float[] logits, int[] history) =>
        new Sampler(parameters with { Temperature = 0 }, logits.Length).Sample(logits, history).Token;

    private static int[] Sequence(SamplingParameters parameters, int count)
    {
        float[] logits = [.. Enumerable.Range(0, 100).Select(i => MathF.Sin(i))];
        Sampler sampler = new(parameters, logits.Length);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Sample(logits, []).Token)];
    }
}
