using Halo.Fabric.Datagrams.Relaxed;

namespace Halo.Fabric.Tests.Datagrams.Relaxed;

public sealed class TailDeadlineTests
{
    private const long Limit = 50_000;

    [Fact]
    public void Slack_BeforeTailsCame_IsTheLimit()
    {
        TailDeadline deadline = default;
        Assert.Equal(Limit, deadline.Slack(Limit, isLossy: true));
        deadline.Came(1_000);
        Assert.Equal(Limit, deadline.Slack(Limit, isLossy: true));
    }

    [Fact]
    public void Slack_LinkThatLosesNothing_IsPatient() =>
        Assert.InRange(After(Enumerable.Repeat(3_000L, 200)).Slack(Limit, isLossy: false), 20_000, 25_000);

    [Fact]
    public void Slack_SteadyLag_ComesDownToIt() =>
        Assert.InRange(After(Enumerable.Repeat(3_000L, 2_000)).Slack(Limit, isLossy: true), 2_900, 3_400);

    [Fact]
    public void Slack_NoisyLag_CoversNearlyAll()
    {
        const int spread = 200;
        Random random = new(5);
        TailDeadline deadline = default;
        int covered = 0;
        for (int i = 0; i < 5_000; i++)
        {
            long lag = 2_500 + random.Next(-spread, spread + 1);
            covered += i >= 100 && lag <= deadline.Slack(Limit, isLossy: true) ? 1 : 0;
            deadline.Came(lag);
        }

        Assert.InRange(covered, 0.92 * 4_900, 4_900);
    }

    [Fact]
    public void Slack_AfterAStall_IsHardlyLonger()
    {
        TailDeadline deadline = After(Enumerable.Repeat(3_000L, 2_000));
        long before = deadline.Slack(Limit, isLossy: true);
        deadline.Came(400_000);
        Assert.InRange(deadline.Slack(Limit, isLossy: true), before, before + 500);
    }

    [Fact]
    public void Slack_AfterAMiss_IsWhatIsUsualUntilSomethingComes()
    {
        Random random = new(7);
        TailDeadline deadline = After(Enumerable.Range(0, 2_000).Select(_ => 2_000 + random.NextInt64(2_000)));
        long before = deadline.Slack(Limit, isLossy: true);
        deadline.Missed();
        long after = deadline.Slack(Limit, isLossy: true);
        Assert.InRange(after, 2_300, 3_700);
        Assert.InRange(before, after + 250, after + 600);
        deadline.Came(3_000);
        Assert.InRange(deadline.Slack(Limit, isLossy: true), before - 300, before + 300);
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

            Assert.InRange(deadline.Slack(Limit, isLossy: true), TailDeadline.Floor, Limit);
            Assert.InRange(deadline.Slack(100, isLossy: true), 100, 100);
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
