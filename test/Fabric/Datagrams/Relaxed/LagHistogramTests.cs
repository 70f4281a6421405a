using Halo.Fabric.Datagrams.Relaxed;

namespace Halo.Fabric.Tests.Datagrams.Relaxed;

public sealed class LagHistogramTests
{
    [Fact]
    public void CheapestWait_NothingKnown_IsNone() => Assert.Equal(0, new LagHistogram().CheapestWait(1_000));

    [Fact]
    public void CheapestWait_AllAreLost_IsNone()
    {
        LagHistogram lags = new();
        for (int i = 0; i < 100; i++)
        {
            lags.Missed();
        }

        Assert.Equal(0, lags.CheapestWait(5_000));
    }

    // One of ten comes after so long, the rest at once: waiting costs a tenth of that, not waiting a tenth of what a sum is worth.
    [Theory]
    [InlineData(900, true)]
    [InlineData(1_300, false)]
    public void CheapestWait_WorthBesideLag_Decides(long lag, bool waits)
    {
        LagHistogram lags = new();
        for (int i = 0; i < 500; i++)
        {
            lags.Came(i % 10 == 0 ? lag : 0);
        }

        Assert.Equal(waits, lags.CheapestWait(1_200) >= lag);
    }

    [Fact]
    public void CheapestWait_IsNeverDearerThanAnyOther()
    {
        Random random = new(11);
        for (int round = 0; round < 50; round++)
        {
            LagHistogram lags = new();
            List<long> samples = [];
            for (int i = 0; i < 400; i++)
            {
                if (random.Next(12) == 0)
                {
                    lags.Missed();
                    samples.Add(long.MaxValue);
                }
                else
                {
                    long lag = (long)Math.Exp(4 + random.NextDouble() * 6);
                    lags.Came(lag);
                    samples.Add(lag);
                }
            }

            double worth = random.Next(200, 20_000);
            double Cost(long wait) => samples.Sum(lag => lag > wait ? wait + worth : lag);
            double cheapest = Cost(lags.CheapestWait(worth));
            for (long wait = 0; wait < 60_000; wait = Math.Max(wait + 16, wait * 9 / 8))
            {
                Assert.True(cheapest <= 1.25 * Cost(wait), $"Waiting {wait} costs {Cost(wait)}, the chosen wait {cheapest}.");
            }
        }
    }

    [Fact]
    public void CameAfterAll_TakesTheMissBack()
    {
        LagHistogram lags = new();
        for (int i = 0; i < 100; i++)
        {
            lags.Missed();
            lags.CameAfterAll(500);
        }

        Assert.InRange(lags.CheapestWait(2_000), 500, 700);
    }

    [Fact]
    public void CheapestWait_OldSamples_Fade()
    {
        LagHistogram lags = new();
        for (int i = 0; i < 1_000; i++)
        {
            lags.Came(8_000);
        }

        Assert.True(lags.CheapestWait(5_000) is 0 or >= 8_000);
        for (int i = 0; i < 6_000; i++)
        {
            lags.Came(100);
        }

        Assert.InRange(lags.CheapestWait(5_000), 100, 200);
    }
}
