using Halo.Lab.Model;

namespace Halo.Lab.Tests.Model;

public sealed class AirTests
{
    // 100 bytes: 0.25 ms and 0.8 ms at 1 Mbit/s, 0.25 ms and 1.6 ms at 0.5 Mbit/s.
    private static readonly AirSettings s_air = new() { BitsPerSecond = 1e6, BaseBitsPerSecond = 0.5e6, Relay = false };
    private static readonly long s_frame = 1_050_000;
    private static readonly long s_baseFrame = 1_850_000;

    private readonly Delivery[] _deliveries = new Delivery[16];

    [Fact]
    public void Route_FramesOfDifferentBoards_ShareTheAir()
    {
        NetworkModel network = Network(s_air);
        Assert.Equal(s_frame, Arrival(network, 0, 1));
        Assert.Equal(2 * s_frame, Arrival(network, 2, 3));
        Assert.Equal(3 * s_frame, Arrival(network, 1, 0));
        Assert.Equal(3 * s_frame / 1e6, network.AirTime.TotalMilliseconds, 3);
    }

    [Fact]
    public void Route_ByAccessPoint_IsInTheAirTwice()
    {
        NetworkModel network = Network(s_air with { Relay = true });
        Assert.Equal(2 * s_frame, Arrival(network, 0, 1));
        Assert.Equal(2, network.AirFrames);
    }

    [Fact]
    public void Route_Everyone_TakesOneFrameAtBaseRate()
    {
        NetworkModel network = Network(s_air);
        Assert.Equal(3, network.Route(0, 0, NetworkModel.Everyone, 100, _deliveries));
        Assert.All(_deliveries.Take(3), delivery => Assert.Equal(s_baseFrame, delivery.Time));
        Assert.Equal(1, network.AirFrames);

        NetworkModel relayed = Network(s_air with { Relay = true });
        Assert.Equal(3, relayed.Route(0, 0, NetworkModel.Everyone, 100, _deliveries));
        Assert.All(_deliveries.Take(3), delivery => Assert.Equal(s_frame + s_baseFrame, delivery.Time));
    }

    [Fact]
    public void Route_LossyUnicast_IsSentAgainAtTheCostOfAir()
    {
        NetworkModel network = Network(s_air with { MostWait = TimeSpan.FromSeconds(10) }, new() { Loss = 0.5 });
        int arrived = Enumerable.Range(0, 4000).Sum(i => network.Route(i * 10 * Traffic.Millisecond, 0, 1, 100, _deliveries));
        Assert.InRange(arrived, 3960, 4000); // 0.5^8 of 4000 are lost: 16
        Assert.InRange(network.AirFrames, 7700, 8250); // two tries each
    }

    [Fact]
    public void Route_LossyMulticast_IsNotSentAgain()
    {
        NetworkModel network = Network(s_air, new() { Loss = 0.25 });
        int arrived = Enumerable.Range(0, 4000).Sum(i => network.Route(i * 10 * Traffic.Millisecond, 0, NetworkModel.Everyone, 100, _deliveries));
        Assert.InRange(arrived / 12_000.0, 0.73, 0.77);
        Assert.Equal(4000, network.AirFrames);
    }

    [Fact]
    public void Route_MoreThanTheAirCarries_IsDropped()
    {
        NetworkModel network = Network(s_air with { MostWait = TimeSpan.FromMilliseconds(20) });
        int arrived = Enumerable.Range(0, 1000).Sum(i => network.Route(i * 100_000, 0, 1, 100, _deliveries));
        Assert.InRange(arrived, 100, 120); // 100 ms of air, and what waits
        Assert.Equal(1000 - arrived, network.CountersOf(0, 1).Dropped);
    }

    private static NetworkModel Network(AirSettings air, LinkSettings? settings = null)
    {
        NetworkModel network = Traffic.Network(settings ?? new(), boards: 4);
        network.UseAir(air);
        return network;
    }

    private long Arrival(NetworkModel network, int from, int to)
    {
        Assert.Equal(1, network.Route(0, from, to, 100, _deliveries));
        return _deliveries[0].Time;
    }
}
