using Halo.Fabric.Datagrams.Links;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Losses of full queues are told from those of links. Times are microseconds.</summary>
public sealed class SpikeMeterTests
{
    [Fact]
    public void Add_TripsOfAFullQueueAndBack_SpikesBetweenAHalfAndAThird()
    {
        SpikeMeter meter = new();
        foreach ((long trip, bool expected) in new[] { (0L, false), (10_000, true), (4_900, true), (3_000, false), (4_900, false), (5_100, true) })
        {
            meter.Add(1_000_000 + trip, 1_000_000);
            Assert.True(expected == meter.IsSpike, $"A trip of {trip}.");
        }
    }

    [Fact]
    public void Add_NoiseOfOneMillisecond_IsNeverASpike()
    {
        SpikeMeter meter = new();
        Random random = new(4);
        for (long sentAt = 0; sentAt < 20_000_000; sentAt += 700)
        {
            meter.Add(sentAt + random.Next(1_000), (uint)sentAt);
            Assert.False(meter.IsSpike);
        }
    }

    [Theory]
    [InlineData(1e-4)]
    [InlineData(-1e-4)]
    public void Add_ClocksThatDriftApartAcrossTheirEnd_AreNoSpike(double drift)
    {
        SpikeMeter meter = new();
        Random random = new(4);
        for (long now = 0; now < 600_000_000; now += 20_000)
        {
            meter.Add(now + 7_000 + random.Next(300), unchecked((uint)(uint.MaxValue - 300_000_000 + (long)(now * (1 + drift)))));
            Assert.False(meter.IsSpike);
        }
    }

    [Fact]
    public void Add_AfterOneVeryLongTrip_FindsShorterSpikesAgain()
    {
        SpikeMeter meter = new();
        meter.Add(0, 0);
        meter.Add(500_000, 0);
        Assert.True(meter.IsSpike);
        for (uint now = 600_000; now < 30_000_000; now += 10_000)
        {
            meter.Add(now, now);
        }

        meter.Add(30_005_000, 30_000_000);
        Assert.True(meter.IsSpike);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Loss_OfAQueueThatOverflows_IsIncast(int seed)
    {
        (double link, double incast) = Measure(seed, loss: 0);
        Assert.True(incast > 0.05, $"{incast} incast.");
        Assert.True(link < 0.1 * incast, $"{link} of the link beside {incast} incast.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Loss_OfTheLinkAlone_IsTheLinks(int seed)
    {
        (double link, double incast) = Measure(seed, loss: 0.05, trainLength: 4);
        Assert.InRange(link, 0.02, 0.09);
        Assert.True(incast < 0.1 * link, $"{incast} incast beside {link} of the link.");
    }

    // Trains with pauses, through a queue of 32 that takes 200 us for each; some noise. The last mean losses.
    private static (double Link, double Incast) Measure(int seed, double loss, int trainLength = 48)
    {
        Random random = new(seed);
        SpikeMeter spike = new();
        PacketWindow window = new();
        ulong number = 0;
        (long freeAt, long sentAt) = (0, 0);
        for (int train = 0; train < 400; train++)
        {
            sentAt += 20_000;
            for (int i = 0; i < trainLength; i++)
            {
                number++;
                long wait = Math.Max(0, freeAt - sentAt);
                if (wait / 200 >= 32 || random.NextDouble() < loss)
                {
                    continue;
                }

                freeAt = sentAt + wait + 200;
                spike.Add(freeAt + 2_500 + random.Next(300), (uint)sentAt);
                window.TryTake(number, spike.IsSpike);
            }
        }

        return (window.Loss.Mean - window.Loss.Incast, window.Loss.Incast);
    }
}
