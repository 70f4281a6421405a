using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

public sealed class PingLogTests
{
    [Fact]
    public void TryAnswer_EachPing_OnceAndInTime()
    {
        PingLog log = New();
        long place = log.Add(Ms(0));
        Assert.False(log.TryAnswer(place + 1, Ms(1)));
        Assert.False(log.TryAnswer(0, Ms(1)));
        Assert.False(log.TryAnswer(-128, Ms(1)));
        Assert.True(log.TryAnswer(place, Ms(1)));
        Assert.False(log.TryAnswer(place, Ms(2)));
        Assert.False(log.TryAnswer(log.Add(Ms(10)), Ms(5011)));
        Assert.Equal((2, 1), (log.Sent, log.Answered));
    }

    [Fact]
    public void TryAnswer_PingThatTheLogNoLongerHolds_IsRefused()
    {
        PingLog log = New();
        for (int i = 0; i < 129; i++)
        {
            log.Add(Ms(i));
        }

        Assert.False(log.TryAnswer(1, Ms(200)));
        Assert.True(log.TryAnswer(2, Ms(200)));
    }

    [Fact]
    public void RoundTrip_ManyAnswers_FollowsThemSlowly()
    {
        PingLog log = New();
        Assert.Null(log.RoundTrip);
        log.TryAnswer(log.Add(Ms(0)), Ms(8));
        Assert.Equal(Ms(8), log.RoundTrip);
        log.TryAnswer(log.Add(Ms(100)), Ms(116));
        Assert.Equal(Ms(9), log.RoundTrip);
        for (int i = 0; i < 100; i++)
        {
            log.TryAnswer(log.Add(Ms(200 + i)), Ms(202 + i));
        }

        Assert.InRange(log.RoundTrip!.Value, Ms(1.999), Ms(2.001));
    }

    [Fact]
    public void LossShare_CountsTheLastHundredThatHadTheTime()
    {
        PingLog log = New();
        Assert.Equal(0, log.LossShare(Ms(0)));
        for (int i = 0; i < 50; i++)
        {
            log.Add(Ms(i * 10)); // lost
        }

        Assert.Equal(0, log.LossShare(Ms(999)));
        Assert.Equal(1, log.LossShare(Ms(2000)));
        for (int i = 0; i < 75; i++)
        {
            long place = log.Add(Ms(2000));
            Assert.True(i % 3 == 0 || log.TryAnswer(place, Ms(2001)));
        }

        Assert.Equal(50 / 100.0, log.LossShare(Ms(3000))); // 25 of the newest 75, and the 25 before them
        Assert.Equal(50 / 100.0, log.LossShare(Ms(2500))); // the newest 50 answered, and the 50 lost ones
    }

    [Fact]
    public void RoundTrip_AnswerPastPatience_IsLeftOut()
    {
        PingLog log = New();
        Assert.True(log.TryAnswer(log.Add(Ms(0)), Ms(1000)));
        Assert.Null(log.RoundTrip);
        Assert.True(log.TryAnswer(log.Add(Ms(2000)), Ms(2010)));
        Assert.True(log.TryAnswer(log.Add(Ms(3000)), Ms(6000)));
        Assert.Equal(Ms(10), log.RoundTrip);
    }

    private static PingLog New() => new(patience: TimeSpan.FromSeconds(1), oldest: TimeSpan.FromSeconds(5));

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
