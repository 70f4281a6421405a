using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

public sealed class PingLogTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_oldest = TimeSpan.FromSeconds(5);

    [Fact]
    public void TryAnswer_EachPing_OnceAndInTime()
    {
        PingLog log = new();
        long place = log.Add(Ms(0));
        Assert.False(log.TryAnswer(place + 1, Ms(1), s_oldest));
        Assert.False(log.TryAnswer(0, Ms(1), s_oldest));
        Assert.False(log.TryAnswer(-128, Ms(1), s_oldest));
        Assert.True(log.TryAnswer(place, Ms(1), s_oldest));
        Assert.False(log.TryAnswer(place, Ms(2), s_oldest));
        Assert.False(log.TryAnswer(log.Add(Ms(10)), Ms(5011), s_oldest));
        Assert.Equal((2, 1), (log.Sent, log.Answered));
    }

    [Fact]
    public void TryAnswer_PingThatTheLogNoLongerHolds_IsRefused()
    {
        PingLog log = new();
        for (int i = 0; i < 129; i++)
        {
            log.Add(Ms(i));
        }

        Assert.False(log.TryAnswer(1, Ms(200), s_oldest));
        Assert.True(log.TryAnswer(2, Ms(200), s_oldest));
    }

    [Fact]
    public void RoundTrip_ManyAnswers_FollowsThemSlowly()
    {
        PingLog log = new();
        Assert.Null(log.RoundTrip);
        log.TryAnswer(log.Add(Ms(0)), Ms(8), s_oldest);
        Assert.Equal(Ms(8), log.RoundTrip);
        log.TryAnswer(log.Add(Ms(100)), Ms(116), s_oldest);
        Assert.Equal(Ms(9), log.RoundTrip);
        for (int i = 0; i < 100; i++)
        {
            log.TryAnswer(log.Add(Ms(200 + i)), Ms(202 + i), s_oldest);
        }

        Assert.InRange(log.RoundTrip!.Value, Ms(1.999), Ms(2.001));
    }

    [Fact]
    public void LossShare_CountsTheLastHundredThatHadTheTime()
    {
        PingLog log = new();
        Assert.Equal(0, log.LossShare(Ms(0), s_patience));
        for (int i = 0; i < 50; i++)
        {
            log.Add(Ms(i * 10)); // lost
        }

        Assert.Equal(0, log.LossShare(Ms(999), s_patience));
        Assert.Equal(1, log.LossShare(Ms(2000), s_patience));
        for (int i = 0; i < 75; i++)
        {
            long place = log.Add(Ms(2000));
            Assert.True(i % 3 == 0 || log.TryAnswer(place, Ms(2001), s_oldest));
        }

        Assert.Equal(50 / 100.0, log.LossShare(Ms(3000), s_patience)); // 25 of the newest 75, and the 25 before them
        Assert.Equal(50 / 100.0, log.LossShare(Ms(2500), s_patience)); // the newest 50 answered, and the 50 lost ones
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
