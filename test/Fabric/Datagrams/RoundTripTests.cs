using Halo.Fabric.Datagrams.Links;

namespace Halo.Fabric.Tests.Datagrams;

public sealed class RoundTripTests
{
    [Fact]
    public void Timeout_OfSteadyRoundTrips_ComesDownToThemAndTheAcknowledgementsDelay()
    {
        RoundTrip roundTrip = default;
        Assert.Equal(20_000, roundTrip.Timeout);
        roundTrip.Add(5_000);
        Assert.Equal(5_000 + 4 * 2_500 + 1_250, roundTrip.Timeout);
        for (int i = 0; i < 100; i++)
        {
            roundTrip.Add(5_000);
        }

        Assert.InRange(roundTrip.Timeout, 6_250, 6_260);
    }

    [Fact]
    public void Timeout_OfTinyRoundTrips_StaysAboveTheNoiseOfSchedulers()
    {
        RoundTrip roundTrip = default;
        for (int i = 0; i < 100; i++)
        {
            roundTrip.Add(40);
        }

        Assert.Equal(RoundTrip.Floor, roundTrip.Timeout);
    }

    [Fact]
    public void TimeoutAfter_ManyResends_DoublesUpToTheCeiling()
    {
        RoundTrip roundTrip = default;
        for (int i = 0; i < 100; i++)
        {
            roundTrip.Add(40);
        }

        Assert.Equal([1_500, 1_500, 3_000, 6_000, 12_000], Enumerable.Range(0, 5).Select(resends => roundTrip.TimeoutAfter(resends, isEager: false)));
        Assert.Equal(RoundTrip.Ceiling, roundTrip.TimeoutAfter(1_000, isEager: false));
        Assert.Equal(RoundTrip.Ceiling, roundTrip.TimeoutAfter(1_000, isEager: true));
    }

    [Fact]
    public void TimeoutAfter_EagerSender_WaitsHalfARoundTripAFewTimes()
    {
        RoundTrip roundTrip = default;
        for (int i = 0; i < 100; i++)
        {
            roundTrip.Add(5_000);
        }

        Assert.All(Enumerable.Range(1, 5), resends => Assert.InRange(roundTrip.TimeoutAfter(resends, isEager: true), 2_499, 2_500));
        Assert.Equal(roundTrip.Timeout, roundTrip.TimeoutAfter(0, isEager: true));
        Assert.Equal(2 * roundTrip.Timeout, roundTrip.TimeoutAfter(6, isEager: true));
    }

    [Fact]
    public void Timeout_AfterAJump_CoversTheDeviation()
    {
        RoundTrip roundTrip = default;
        for (int i = 0; i < 200; i++)
        {
            roundTrip.Add(i % 2 == 0 ? 1_000 : 9_000);
        }

        Assert.True(roundTrip.Timeout > 9_000, $"{roundTrip.Timeout} us are less than every other round trip takes.");
    }
}
