using Halo.Fabric.Datagrams.Relaxed;

namespace Halo.Fabric.Tests.Datagrams.Relaxed;

public sealed class TailDeadlineTests
{
    private const long Limit = 50_000;

    [Fact]
    public void Slack_BeforeTailsCame_IsTheLimit()
    {
        TailDeadline deadline = default;
        Assert.Equal(Limit, deadline.Slack(Limit));
        deadline.Came(1_000);
        Assert.Equal(Limit, deadline.Slack(Limit));
    }

    [Fact]
    public void Slack_SteadyLag_ComesDownToIt()
    {
        TailDeadline deadline = After(Enumerable.Repeat(3_000L, 200));
        Assert.InRange(deadline.Slack(Limit), 3_000, 3_050);
    }

    [Theory]
    [InlineData(200, 0.999)]
    [InlineData(1_000, 0.99)]
    public void Slack_NoisyLag_CoversNearlyAll(int spread, double share)
    {
        Random random = new(5);
        TailDeadline deadline = default;
        int covered = 0;
        for (int i = 0; i < 5_000; i++)
        {
            long lag = 2_500 + random.Next(-spread, spread + 1);
            covered += i >= 100 && lag <= deadline.Slack(Limit) ? 1 : 0;
            deadline.Came(lag);
        }

        Assert.True(covered >= share * 4_900, $"{covered} of 4900.");
    }

    [Fact]
    public void Slack_AfterAMiss_IsTheMeanUntilSomethingComes()
    {
        TailDeadline deadline = After(Enumerable.Range(0, 400).Select(i => i % 2 == 0 ? 2_000L : 4_000L));
        long before = deadline.Slack(Limit);
        deadline.Missed();
        Assert.InRange(deadline.Slack(Limit), 2_700, 3_300);
        deadline.Came(3_000);
        Assert.InRange(deadline.Slack(Limit), before - 1_500, before + 100);
    }

    [Fact]
    public void Slack_WhateverComes_StaysBetweenFloorAndLimit()
    {
        Random random = new(3);
        TailDeadline deadline = default;
        for (int i = 0; i < 10_000; i++)
        {
            if (random.Next(5) == 0)
            {
                deadline.Missed();
            }
            else
            {
                deadline.Came(random.NextInt64(-10_000, 200_000));
            }

            Assert.InRange(deadline.Slack(Limit), TailDeadline.Floor, Limit);
            Assert.InRange(deadline.Slack(100), 100, 100);
        }
    }

    private static TailDeadline After(IEnumerable<long> lags)
    {
        TailDeadline deadline = default;
        foreach (long lag in lags)
        {
            deadline.Came(lag);
        }

        return deadline;
    }
}
