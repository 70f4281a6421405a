using Halo.Lab.Bounds;
using Halo.Lab.Model;

namespace Halo.Lab.Tests.Bounds;

public sealed class OracleBoundTests
{
    // 46 stages of 2.5 ms and 0.45 ms of computing.
    private static readonly BoundSetting s_mesh = new()
    {
        Boards = 4,
        Stages = 46,
        Delay = TimeSpan.FromMilliseconds(2.5),
        LossFree = TimeSpan.FromMilliseconds(46 * 2.95),
        Tokens = 100,
        Seed = 3,
    };

    private static readonly BurstSettings s_bursts = new(TimeSpan.FromMilliseconds(10), 0.05);

    [Theory]
    [InlineData(false, 135.7)]
    [InlineData(true, 276)]
    public void Compute_GoodLinks_IsTheLossFreeTime(bool isStar, double ms)
    {
        OracleTimes times = OracleBound.Compute(s_mesh with { IsStar = isStar, LossFree = TimeSpan.FromMilliseconds(ms) });
        Assert.Equal(ms, times.Direct.TotalMilliseconds, 1);
        Assert.Equal(ms, times.Relayed.TotalMilliseconds, 1);
    }

    // Ranges: what another implementation gave for the same setting, a tenth wider.
    [Theory]
    [InlineData(4, 1.35, 1.75, 1.05, 1.30)]
    [InlineData(8, 2.1, 4.1, 1.30, 1.65)]
    public void Compute_Bursts_CostsWhatOthersFound(int boards, double least, double most, double leastRelayed, double mostRelayed)
    {
        OracleTimes times = OracleBound.Compute(s_mesh with { Boards = boards, Bursts = s_bursts });
        Assert.InRange(times.Direct / s_mesh.LossFree, least, most);
        Assert.InRange(times.Relayed / s_mesh.LossFree, leastRelayed, mostRelayed);
    }

    [Fact]
    public void Compute_TwoBoards_HaveNoThirdToRelay()
    {
        OracleTimes times = OracleBound.Compute(s_mesh with { Boards = 2, Bursts = s_bursts });
        Assert.Equal(times.Direct, times.Relayed);
        Assert.True(times.Direct > s_mesh.LossFree);
    }

    [Fact]
    public void Compute_OneBadBoard_CostsSomethingAndLessThanAll()
    {
        TimeSpan one = OracleBound.Compute(s_mesh with { Bursts = s_bursts, BadBoard = 2 }).Direct;
        Assert.InRange(one, s_mesh.LossFree * 1.05, OracleBound.Compute(s_mesh with { Bursts = s_bursts }).Direct);
    }

    [Fact]
    public void NextGood_SameSeed_IsTheEmulatorsOwnTrace()
    {
        NetworkModel network = new(3, seed: 9);
        network.SetAll(new LinkSettings { Bursts = s_bursts }, 0);
        BurstTrace trace = new(9, 2, 1, s_bursts);
        Delivery[] deliveries = new Delivery[6];
        int lost = 0;
        for (long time = 0; time < 10_000_000_000; time += 1_000_000)
        {
            bool arrives = network.Route(time, 2, 1, 100, deliveries) > 0;
            lost += arrives ? 0 : 1;
            Assert.Equal(arrives, trace.NextGood(time) == time);
        }

        Assert.InRange(lost, 200, 800);
    }

    [Fact]
    public void NextGood_AnyOrderOfTimes_AgreesWithTheProcess()
    {
        BurstTrace trace = new(9, 1, 2, s_bursts);
        Random random = new(1);
        long[] times = [.. Enumerable.Range(0, 2000).Select(_ => random.NextInt64(10_000_000_000))];
        Dictionary<long, long> answers = times.ToDictionary(time => time, trace.NextGood);
        BurstProcess process = new(RandomStream.Of(9, 1, 2, StreamUse.Bursts), s_bursts, 0);
        int bad = 0;
        foreach (long time in times.Order())
        {
            bool isBad = process.IsBadAt(time);
            bad += isBad ? 1 : 0;
            Assert.Equal(isBad ? process.PeriodEnd : time, answers[time]);
        }

        Assert.InRange(bad, 50, 150);
    }
}
