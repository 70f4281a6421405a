using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Lab.Model;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>What a step takes on bad links, as a ratio to what it takes on good ones: boards at their own pace in virtual time, over the laboratory's model.</summary>
public sealed class VirtualTimesTests
{
    private const int Stages = 44; // of 22 layers
    private const int Tokens = 16;
    private const int LearningTokens = 12;
    private const double Compute = 300; // microseconds before each sum

    private static readonly LinkSettings s_good = new() { Delay = TimeSpan.FromMilliseconds(2.5), Jitter = TimeSpan.FromMilliseconds(0.2) };
    private static readonly LinkSettings s_bursts = s_good with { Bursts = new BurstSettings(TimeSpan.FromMilliseconds(10), 0.05) };

    [Theory]
    [InlineData(DeliveryPolicy.Protected, 0.05, 1.06)]
    [InlineData(DeliveryPolicy.Protected, 0.10, 1.08)]
    [InlineData(DeliveryPolicy.Relaxed, 0.01, 1.05)]
    [InlineData(DeliveryPolicy.Relaxed, 0.10, 1.05)]
    public void Walk_IndependentLoss_TakesHardlyLonger(DeliveryPolicy policy, double loss, double most) =>
        Assert.InRange(Ratio(4, policy, s_good with { Loss = loss }, out _), 0.95, most);

    [Theory]
    [InlineData(DeliveryPolicy.Protected, 1.4)]
    [InlineData(DeliveryPolicy.Relaxed, 1.17)]
    public void Walk_BadPeriods_TakesNoMoreThan(DeliveryPolicy policy, double most) =>
        Assert.InRange(Ratio(4, policy, s_bursts, out _), 0.95, most);

    [Fact]
    public void Walk_RelaxedWithLoss_LateSumsAreUsedAndOnlyLostOnesMissing()
    {
        Ratio(4, DeliveryPolicy.Relaxed, s_bursts, out VirtualBoards boards);
        using (boards)
        {
            double tails = 3 * 3 * Stages * (LearningTokens + Tokens); // of three boards to three each
            double missing = boards.Links.Sum(link => link.FilledChunks - link.UsedChunks) / tails;
            Assert.InRange(missing, 0.02, 0.09); // of the time 0.05 is bad
            Assert.True(boards.Links.Sum(link => link.UsedChunks) > 0, "Some sums are late.");
        }
    }

    [Fact]
    public void Walk_SharedAir_AutoIsAsFastAsTheFasterTopology()
    {
        AirSettings air = new() { FrameCost = TimeSpan.FromMicroseconds(250) };
        double Time(Topology topology)
        {
            using VirtualBoards boards = new(6, new DatagramOptions(topology, WireType.F16, DeliveryPolicy.Protected), 1, Compute, stages: 10);
            boards.UseAir(air);
            boards.Walk(1, 12);
            return boards.Walk(13, 20);
        }

        (double mesh, double star) = (Time(Topology.Mesh), Time(Topology.Star));
        Assert.True(star < mesh / 1.5, $"In shared air a mesh took {mesh:0} us and a star {star:0}.");
        Assert.InRange(Time(Topology.Auto), 0.9 * star, 1.1 * star);
    }

    [Fact]
    public void Walk_LinksOfTheirOwn_AutoIsAsFastAsTheFasterTopology()
    {
        double Time(Topology topology)
        {
            using VirtualBoards boards = new(4, new DatagramOptions(topology, WireType.F16, DeliveryPolicy.Protected), 1, Compute, stages: 10);
            boards.Set(s_good);
            boards.Walk(1, 12);
            return boards.Walk(13, 40);
        }

        (double mesh, double star) = (Time(Topology.Mesh), Time(Topology.Star));
        Assert.True(mesh < star / 1.5, $"Where delay rules a mesh took {mesh:0} us and a star {star:0}.");
        Assert.InRange(Time(Topology.Auto), 0.9 * mesh, 1.1 * mesh);
    }


    private static double Ratio(int count, DeliveryPolicy policy, LinkSettings links, out VirtualBoards boards)
    {
        boards = new VirtualBoards(count, new DatagramOptions(Topology.Mesh, WireType.F16, policy), seed: 1, Compute, Stages);
        boards.Set(s_good);
        boards.Walk(1, 6);
        double good = boards.Walk(7, 6);
        boards.Set(links);
        boards.Walk(13, LearningTokens); // what the links are like
        return boards.Walk(13 + LearningTokens, Tokens) / good;
    }
}
