using Halo.Fabric.Datagrams.Links;

namespace Halo.Fabric.Tests.Datagrams;

public sealed class EchoWatchTests
{
    private const uint RoundTrip = 5_500;

    [Fact]
    public void Take_LatestThatCanHaveComeDid_IsGood()
    {
        EchoWatch watch = default;
        watch.NoteSent(1_000);
        watch.NoteSent(4_000);
        watch.Take(7_000, echo: 1_000, RoundTrip); // the second is still on its way
        Assert.False(watch.IsBad);
    }

    [Fact]
    public void Take_ALaterOneShouldHaveCome_IsBadUntilOneDoes()
    {
        EchoWatch watch = default;
        watch.NoteSent(1_000);
        watch.NoteSent(4_000);
        watch.Take(9_600, echo: 1_000, RoundTrip);
        Assert.True(watch.IsBad);
        watch.NoteSent(10_000);
        watch.Take(15_400, echo: 10_000, RoundTrip);
        Assert.False(watch.IsBad);
    }

    [Fact]
    public void Take_NothingSentLately_IsGood()
    {
        EchoWatch watch = default;
        watch.NoteSent(1_000);
        watch.Take(500_000, echo: 1_000, RoundTrip);
        Assert.False(watch.IsBad);
    }

    [Fact]
    public void Take_ClockWrapsAround_IsJudgedAlike()
    {
        EchoWatch watch = default;
        watch.NoteSent(uint.MaxValue - 100);
        watch.NoteSent(2_000);
        watch.Take(3_000, uint.MaxValue - 100, RoundTrip);
        Assert.False(watch.IsBad);
        watch.Take(8_000, uint.MaxValue - 100, RoundTrip);
        Assert.True(watch.IsBad);
    }
}
