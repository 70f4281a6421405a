using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Whatever the network does, sums are exact and nothing is stuck. Virtual time, seeded.</summary>
public sealed class VirtualNetworkTests
{
    public static TheoryData<int, Topology, DeliveryPolicy, double, double> Networks
    {
        get
        {
            TheoryData<int, Topology, DeliveryPolicy, double, double> data = [];
            foreach (int boards in new[] { 2, 4, 7 })
            {
                foreach (Topology topology in Enum.GetValues<Topology>())
                {
                    foreach (DeliveryPolicy policy in (DeliveryPolicy[])[DeliveryPolicy.Strict, DeliveryPolicy.Protected])
                    {
                        data.Add(boards, topology, policy, 0, 0);
                        data.Add(boards, topology, policy, 0.05, 0.05);
                        data.Add(boards, topology, policy, 0.1, 0.3);
                        data.Add(boards, topology, policy, 0.3, 0.3);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Complete_WithLossReorderingAndDuplication_AddsTheSumsInBoardOrderBitForBit(
        int boards, Topology topology, DeliveryPolicy policy, double loss, double disorder)
    {
        Impairments impairments = new() { Loss = loss, Reordering = disorder, Duplication = disorder };
        using VirtualFabric fabric = new(boards, new DatagramOptions(topology, WireType.F32, policy), impairments, seed: boards);
        for (long step = 1; step <= 40; step++)
        {
            fabric.Walk(step);
        }

        Assert.Equal(loss > 0, fabric.Network.Lost > 0);
        Assert.True(policy != DeliveryPolicy.Strict || fabric.Links.All(link => link.CopiedChunks == 0), "Strict sends no copies.");
    }

    [Theory]
    [InlineData(Topology.Mesh)]
    [InlineData(Topology.Star)]
    public void Complete_InBursts_IsExactAndGoesOverThirdBoardsWhereThereAreLinks(Topology topology)
    {
        using VirtualFabric fabric = new(4, new DatagramOptions(topology), new Impairments { Delay = 2500, BadTime = 0.05 });
        for (long step = 1; step <= 60; step++)
        {
            fabric.Walk(step);
        }

        Assert.True(fabric.Network.Lost > 0);
        Assert.Equal(topology == Topology.Mesh, fabric.Links.Sum(link => link.CarriedChunks) > 0);
    }

    [Theory]
    [InlineData(4, 0.05, 0, 1.15)]
    [InlineData(8, 0.05, 0, 1.25)]
    [InlineData(4, 0, 0.05, 1.5)]
    public void Walk_Protected_TakesLittleLongerThanWithoutLoss(int boards, double loss, double badTime, double most)
    {
        double Time(Impairments impairments)
        {
            using VirtualFabric fabric = new(boards, new DatagramOptions(Topology.Mesh, WireType.F16), impairments, stages: 44);
            long start = fabric.Network.Now;
            for (long step = 3; step <= 60; step += 3)
            {
                fabric.Walk(step, (_, _, _) => { });
            }

            return fabric.Network.Now - start;
        }

        Impairments clean = new() { Delay = 2500 };
        Assert.InRange(Time(clean with { Loss = loss, BadTime = badTime }) / Time(clean), 1, most);
    }

    [Theory]
    [InlineData(DeliveryPolicy.Protected)]
    [InlineData(DeliveryPolicy.Strict)]
    public void Walk_LossThatComesAndGoes_IsExactAndAsFastAgain(DeliveryPolicy policy)
    {
        using VirtualFabric fabric = new(4, new DatagramOptions(Topology.Mesh, WireType.F32, policy), new Impairments { Delay = 2500 }, stages: 8);
        long step = 0;
        double Time(double loss)
        {
            fabric.Network.Impairments = new Impairments { Delay = 2500, Loss = loss };
            long start = fabric.Network.Now;
            for (long last = step + 60; step < last;)
            {
                fabric.Walk(++step);
            }

            return fabric.Network.Now - start;
        }

        double before = Time(0);
        double during = Time(0.1);
        Time(0); // what was measured of the loss fades
        double after = Time(0);
        Assert.True(during > 1.02 * before, $"{before}, then {during} us: the loss changed nothing.");
        Assert.InRange(after / before, 0.99, 1.01);
    }

    [Theory]
    [InlineData(Topology.Mesh, WireType.F16)]
    [InlineData(Topology.Mesh, WireType.Q8)]
    [InlineData(Topology.Star, WireType.F16)]
    [InlineData(Topology.Star, WireType.Q8)]
    public void Complete_RoundedWireWithLoss_LeavesAllBoardsWithTheSameBits(Topology topology, WireType wireType)
    {
        using VirtualFabric fabric = new(4, new DatagramOptions(topology, wireType), new Impairments { Loss = 0.1, Reordering = 0.1 });
        float[] first = [];
        for (long step = 1; step <= 30; step++)
        {
            fabric.Walk(step, (board, _, residual) =>
            {
                first = board == 0 ? residual : first;
                Assert.True(SteppedWalk.Bits(first).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step} differs.");
            });
        }
    }

    [Fact]
    public void Complete_PartitionOfTwoSeconds_ResumesWithoutHavingSentForEver()
    {
        using VirtualFabric fabric = new(3, new DatagramOptions(), new Impairments());
        fabric.Walk(1);
        fabric.Network.Impairments = new Impairments { Loss = 1 };
        fabric.Fabric.Begin(0, 2);
        long before = fabric.Network.Sent;
        fabric.Network.Run(2_000_000);
        Assert.InRange(fabric.Network.Sent - before, 10, 500); // six links with up to three chunks each
        fabric.Network.Impairments = new Impairments();
        fabric.Fabric.Begin(1, 2);
        fabric.Fabric.Begin(2, 2);
        foreach (int board in new[] { 0, 1, 2 })
        {
            fabric.Fabric.Ends[board].EndStep(2, 5);
        }

        Assert.Equal(Fabric.Stages.StageResult.Complete, fabric.Fabric.Ends[0].CompleteStep(2));
        fabric.Walk(3);
    }

    [Fact]
    public void Walk_WithoutLoss_SendsNothingTwiceButWhatFits()
    {
        using VirtualFabric fabric = new(4, new DatagramOptions(), new Impairments());
        for (long step = 1; step <= 200; step++)
        {
            fabric.Walk(step);
        }

        Assert.All(fabric.Links, link => Assert.Equal((0, 1, 0, 0), (link.ResentChunks, link.Copies, link.IncomingLoss, link.RejectedDatagrams)));
    }

    [Fact]
    public void Walk_AfterTheNetworkFallsSilent_LeavesNothingToDo()
    {
        using VirtualFabric fabric = new(3, new DatagramOptions(), new Impairments { Loss = 0.2 });
        for (long step = 1; step <= 20; step++)
        {
            fabric.Walk(step);
        }

        fabric.Network.Run(5_000_000);
        long sent = fabric.Network.Sent;
        fabric.Network.Run(60_000_000);
        Assert.Equal(sent, fabric.Network.Sent);
    }
}
