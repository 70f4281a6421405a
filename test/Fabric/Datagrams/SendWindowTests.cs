using Halo.Fabric.Datagrams.Links;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>How many chunks may be on the way. Times are microseconds.</summary>
public sealed class SendWindowTests
{
    private const long RoundTrip = 5_000;

    [Fact]
    public void OnIncast_TwiceInARoundTrip_HalvesOnce()
    {
        SendWindow window = new(32);
        window.NoteOnWay(32);
        window.OnIncast(1_000, RoundTrip);
        window.NoteOnWay(16);
        window.OnIncast(2_000, RoundTrip);
        Assert.Equal(16, window.Size);
        window.OnIncast(6_000, RoundTrip);
        Assert.Equal(8, window.Size);
    }

    [Fact]
    public void OnIncast_MoreAndMore_LeavesTwo()
    {
        SendWindow window = new(32);
        for (long now = 6_000; now < 100_000; now += RoundTrip)
        {
            window.NoteOnWay(5);
            window.OnIncast(now, RoundTrip);
        }

        Assert.Equal(2, window.Size);
    }

    [Fact]
    public void OnIncast_FewOnTheWay_LeavesTheWindowAlone()
    {
        SendWindow window = new(32);
        window.NoteOnWay(4);
        window.OnIncast(1_000, RoundTrip);
        Assert.Equal(32, window.Size);
    }

    [Fact]
    public void OnAcknowledged_AWindow_GrowsByOneUpToTheMost()
    {
        SendWindow window = new(32);
        window.NoteOnWay(32);
        window.OnIncast(1_000, RoundTrip);
        for (int chunk = 0; chunk < 17; chunk++)
        {
            window.OnAcknowledged(1);
        }

        Assert.Equal(17, window.Size);
        window.OnAcknowledged(10_000);
        Assert.Equal(32, window.Size);
    }
}
