using Halo.Fabric.Simulated;

namespace Halo.Fabric.Tests.Simulated;

public sealed class LossTraceTests
{
    private const int Stages = 12;

    [Theory]
    [InlineData(0.05, 1)]
    [InlineData(0.3, 1)]
    [InlineData(0.3, 2)]
    public void IsLost_Independent_HasTheRateOnEveryLink(double loss, int copies)
    {
        LossTrace trace = new(new SimulatedLoss { Loss = loss, Copies = copies }, 4, 0);
        for (int from = 0; from < 4; from++)
        {
            for (int to = 0; to < 4; to++)
            {
                int lost = Count(trace, from, to, 4_000);
                Assert.InRange(lost / (4_000.0 * Stages), Math.Pow(loss, copies) * 0.9 - 0.001, Math.Pow(loss, copies) * 1.1 + 0.001);
            }
        }
    }

    [Fact]
    public void IsLost_TwoLinks_LoseIndependently()
    {
        LossTrace trace = new(new SimulatedLoss { Loss = 0.3 }, 4, 0);
        int both = 0;
        for (long token = 0; token < 4_000; token++)
        {
            for (int stage = 0; stage < Stages; stage++)
            {
                both += trace.IsLost(token, stage, Stages, 0, 1, 2) && trace.IsLost(token, stage, Stages, 0, 1, 3) ? 1 : 0;
            }
        }

        Assert.InRange(both / (4_000.0 * Stages), 0.085, 0.095);
    }

    [Fact]
    public void IsLost_Bursts_ComeInRunsOfTheMeanLengthAndShare()
    {
        SimulatedLoss loss = new() { Burst = TimeSpan.FromMilliseconds(12), BadShare = 0.1, StageTime = TimeSpan.FromMilliseconds(3) };
        LossTrace trace = new(loss, 2, 0);
        (int lost, int runs) = (0, 0);
        bool last = false;
        const int tokens = 20_000;
        for (long token = 0; token < tokens; token++)
        {
            for (int stage = 0; stage < Stages; stage++)
            {
                bool isLost = trace.IsLost(token, stage, Stages, 0, 0, 1);
                (lost, runs, last) = (lost + (isLost ? 1 : 0), runs + (isLost && !last ? 1 : 0), isLost);
            }
        }

        Assert.InRange(lost / (double)(tokens * Stages), 0.09, 0.11);
        Assert.InRange(lost / (double)runs, 4, 5.2); // a period of 4 stages on average; short ones may fall between two
    }

    [Fact]
    public void IsLost_BadBoards_LoseEitherWayAndOthersNothing()
    {
        LossTrace trace = new(new SimulatedLoss { Loss = 0.5, BadBoards = 1 }, 4, head: 1);
        Assert.Equal(0, Count(trace, 0, 2, 500));
        Assert.Equal(0, Count(trace, 1, 0, 500));
        Assert.InRange(Count(trace, 3, 1, 500), 2_700, 3_300);
        Assert.InRange(Count(trace, 0, 3, 500), 2_700, 3_300);
    }

    [Fact]
    public void IsLost_SameSeed_LosesTheSameInWhateverOrder()
    {
        SimulatedLoss loss = new() { Loss = 0.2, Burst = TimeSpan.FromMilliseconds(10), BadShare = 0.05, Seed = 9 };
        LossTrace forward = new(loss, 3, 0);
        LossTrace backward = new(loss, 3, 0);
        bool[] first = [.. Enumerable.Range(0, 2_000).Select(token => forward.IsLost(token, 5, Stages, 0, 0, 1))];
        bool[] second = [.. Enumerable.Range(0, 2_000).Reverse().Select(token => backward.IsLost(token, 5, Stages, 0, 0, 1)).Reverse()];
        Assert.Equal(first, second);
        LossTrace other = new(loss with { Seed = 10 }, 3, 0);
        Assert.NotEqual(first, [.. Enumerable.Range(0, 2_000).Select(token => other.IsLost(token, 5, Stages, 0, 0, 1))]);
    }

    private static int Count(LossTrace trace, int from, int to, int tokens)
    {
        int lost = 0;
        for (long token = 0; token < tokens; token++)
        {
            for (int stage = 0; stage < Stages; stage++)
            {
                lost += trace.IsLost(token, stage, Stages, 0, from, to) ? 1 : 0;
            }
        }

        return lost;
    }
}
