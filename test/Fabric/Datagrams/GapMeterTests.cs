using Halo.Fabric.Datagrams.Links;

namespace Halo.Fabric.Tests.Datagrams;

public sealed class GapMeterTests
{
    [Fact]
    public void Loss_EverythingComes_IsZero()
    {
        GapMeter meter = default;
        for (ulong number = 1; number <= 500; number++)
        {
            meter.Add(number);
        }

        Assert.Equal(0, meter.Loss);
    }

    [Fact]
    public void Loss_OneIsMissing_ShowsAtOnceAndIsForgotten()
    {
        GapMeter meter = default;
        meter.Add(1);
        meter.Add(3);
        Assert.InRange(meter.Loss, 0.014, 0.016);
        for (ulong number = 4; number < 400; number++)
        {
            meter.Add(number);
        }

        Assert.InRange(meter.Loss, 0, 0.0002);
    }

    [Fact]
    public void Loss_OneWasOnlyLate_IsZeroAgain()
    {
        GapMeter meter = default;
        meter.Add(1);
        meter.Add(3);
        meter.Add(2);
        Assert.Equal(0, meter.Loss);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void Loss_Independent_IsNearTheRate(double rate)
    {
        Random random = new(1);
        GapMeter meter = default;
        double sum = 0;
        for (ulong number = 1; number <= 20_000; number++)
        {
            if (random.NextDouble() >= rate)
            {
                meter.Add(number);
            }

            sum += meter.Loss;
        }

        Assert.InRange(sum / 20_000, rate * 0.8, rate * 2.1);
        Assert.InRange(meter.Loss, 0, 1);
    }
}
