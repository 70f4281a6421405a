using Halo.Fabric.Datagrams.Relaxed;

namespace Halo.Fabric.Tests.Datagrams.Relaxed;

public sealed class TailDeadlineTests
{
    private const long Limit = 50_000;
    private const double Worth = 1_500;

    [Fact]
    public void Slack_BeforeEnoughIsKnown_IsTheLimit()
    {
        TailDeadline deadline = new();
        Assert.Equal(Limit, deadline.Slack(Limit, isLossy: true));
        deadline.Came(1_000, Worth);
        Assert.Equal(Limit, deadline.Slack(Limit, isLossy: true));
    }

    [Fact]
    public void Slack_NothingGetsLost_IsTheLimit() =>
        Assert.Equal(Limit, After(Enumerable.Repeat(400L, 500)).Slack(Limit, isLossy: false));

    [Fact]
    public void Slack_SteadyLag_CoversItAndLittleMore() =>
        Assert.InRange(After(Enumerable.Repeat(4_000L, 500)).Slack(Limit, isLossy: true), 4_000, 4_400);

    [Fact]
    public void Slack_NoiseAndFewLosses_CoversTheNoise()
    {
        Random random = new(5);
        TailDeadline deadline = new();
        for (int i = 0; i < 2_000; i++)
        {
            Next(deadline, random.Next(200) == 0 ? -1 : random.NextInt64(2_000));
        }

        Assert.InRange(deadline.Slack(Limit, isLossy: true), 1_600, 3_000);
    }

    [Fact]
    public void Slack_WhatTakesLongerThanItIsWorth_IsNotWaitedFor()
    {
        Random random = new(5);
        TailDeadline deadline = new();
        for (int i = 0; i < 2_000; i++)
        {
            Next(deadline, random.Next(10) == 0 ? 4_000 : random.NextInt64(200));
        }

        Assert.InRange(deadline.Slack(Limit, isLossy: true), TailDeadline.Floor, 700);
    }

    [Fact]
    public void Slack_LossesInRuns_AreWaitedForAtTheirBeginningAlone()
    {
        Random random = new(7);
        TailDeadline deadline = new();
        bool isBad = false;
        for (int i = 0; i < 4_000; i++)
        {
            isBad = isBad ? random.Next(5) > 0 : random.Next(100) == 0;
            Next(deadline, isBad ? -1 : 1_000 + random.NextInt64(500));
        }

        Next(deadline, 1_000);
        Next(deadline, 1_000);
        Assert.InRange(deadline.Slack(Limit, isLossy: true), 1_400, 2_100);
        Next(deadline, -1);
        Assert.InRange(deadline.Slack(Limit, isLossy: true), 1_200, 1_600);
    }

    [Fact]
    public void CameLate_TakesAMissBack()
    {
        TailDeadline never = new();
        TailDeadline late = new();
        for (int i = 0; i < 400; i++)
        {
            Next(never, i % 2 == 0 ? 100 : -1);
            late.Came(100, Worth);
            late.CameLate(late.Missed(Worth), 1_200);
        }

        late.Came(100, Worth);
        Assert.InRange(never.Slack(Limit, isLossy: true), TailDeadline.Floor, 500);
        Assert.InRange(late.Slack(Limit, isLossy: true), 1_200, 2_000);
    }

    [Fact]
    public void Slack_WhateverComes_StaysBetweenFloorAndLimit()
    {
        Random random = new(3);
        TailDeadline deadline = new();
        for (int i = 0; i < 10_000; i++)
        {
            Next(deadline, random.Next(5) == 0 ? -1 : random.NextInt64(-10_000, 4_000_000));
            Assert.InRange(deadline.Slack(Limit, isLossy: true), Math.Min(TailDeadline.Floor, Limit), Limit);
            Assert.Equal(100, deadline.Slack(100, isLossy: true));
        }
    }

    private static TailDeadline After(IEnumerable<long> lags)
    {
        TailDeadline deadline = new();
        foreach (long lag in lags)
        {
            Next(deadline, lag);
        }

        return deadline;
    }

    // Below 0: it does not come.
    private static void Next(TailDeadline deadline, long lag)
    {
        if (lag < 0 && lag > -10)
        {
            deadline.Missed(Worth);
        }
        else
        {
            deadline.Came(lag, Worth);
        }
    }
}
