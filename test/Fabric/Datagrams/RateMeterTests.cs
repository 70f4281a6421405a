using Halo.Fabric.Datagrams.Links;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>What passes a second. Times are microseconds.</summary>
public sealed class RateMeterTests
{
    [Fact]
    public void PerSecond_OfASteadyFlow_IsItsRate()
    {
        RateMeter meter = new();
        Assert.Equal((0, 0), meter.PerSecond(5));
        for (long now = 7_000_000; now < 12_000_000; now += 2_000)
        {
            meter.Add(now, 1_000);
            (double bytes, double datagrams) = meter.PerSecond(now);
            Assert.True(now < 7_500_000 || Math.Abs(bytes - 500_000) < 5_000, $"{bytes} bytes a second.");
            Assert.Equal(bytes, datagrams * 1_000, 3);
        }
    }

    [Fact]
    public void PerSecond_OfAFlowThatEnds_FallsToNothingInTwoSeconds()
    {
        RateMeter meter = new();
        for (long now = 0; now < 3_000_000; now += 1_000)
        {
            meter.Add(now, 100);
        }

        Assert.InRange(meter.PerSecond(4_000_000).Datagrams, 300, 700);
        Assert.Equal(0, meter.PerSecond(5_250_000).Datagrams);
        meter.Add(1_000_000_000, 100);
        Assert.InRange(meter.PerSecond(1_000_000_000).Datagrams, 0.4, 4.1);
    }
}
