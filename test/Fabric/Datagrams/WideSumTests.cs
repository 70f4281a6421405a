using System.Numerics.Tensors;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Xunit.Abstractions;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Sums of many chunks: parity, and queues that overflow. Virtual time, seeded.</summary>
public sealed class WideSumTests(ITestOutputHelper output)
{
    private const int Hidden = 4096;
    private const int Rows = 2;
    private const int Warm = 7;

    private static readonly DatagramOptions s_copies = new(Topology.Mesh, WireType.F16) { MaxCopies = 2, Parity = false };
    private static readonly DatagramOptions s_parity = new(Topology.Mesh, WireType.F16) { MaxCopies = 1 };
    private static readonly DatagramOptions s_strict = new(Topology.Mesh, WireType.F16, DeliveryPolicy.Strict);

    [Theory]
    [InlineData(0.01, 1)]
    [InlineData(0.02, 2)]
    [InlineData(0.05, 3)]
    public void Walk_WithParity_SendsLessThanCopiesAndWaitsLessThanStrict(double loss, int seed)
    {
        Impairments impairments = new() { Delay = 2_500, Loss = loss };
        Outcome parity = Walk(s_parity, impairments, seed);
        Outcome copies = Walk(s_copies, impairments, seed);
        Outcome strict = Walk(s_strict, impairments, seed);
        output.WriteLine($"loss {loss}: parity {parity}, copies {copies}, strict {strict}");
        Assert.True(parity.Recovered > 0, "Nothing was rebuilt.");
        Assert.True(parity.Sent < copies.Sent, $"{parity.Sent} datagrams with parity, {copies.Sent} with two copies.");
        long without = Walk(s_strict, new Impairments { Delay = 2_500 }, seed).Time;
        (long parityWaits, long strictWaits) = (parity.Time - without, strict.Time - without);
        Assert.True(parityWaits < 0.6 * strictWaits, $"Resends took {parityWaits} us with parity, {strictWaits} in strict.");
    }

    [Theory]
    [InlineData(Topology.Mesh, 0.02, 0.2)]
    [InlineData(Topology.Mesh, 0.3, 0.3)]
    [InlineData(Topology.Star, 0.05, 0.2)]
    public void Walk_WithLossReorderingAndDuplication_IsExact(Topology topology, double loss, double disorder)
    {
        DatagramOptions options = new(topology, WireType.F32) { MaxCopies = 1 };
        Outcome outcome = Walk(options, new Impairments { Loss = loss, Reordering = disorder, Duplication = disorder }, seed: 5);
        Assert.True(outcome.Recovered > 0, "Nothing was rebuilt.");
    }

    [Fact]
    public void Walk_WithoutLoss_SendsNoParity()
    {
        using VirtualFabric fabric = Fabric(s_parity, new Impairments(), 1);
        Steps(fabric, 20);
        Assert.All(fabric.Links, link => Assert.Equal((0, 0), (link.ParityChunks, link.ResentChunks)));
    }

    [Fact]
    public void Walk_StarWhoseHeadHasAShortQueue_GoesOnWithASmallerWindowAndWithoutCopies()
    {
        Impairments impairments = new() { Delay = 500, ServiceTime = 100, QueueLength = 48 };
        using VirtualFabric fabric = Fabric(new DatagramOptions(Topology.Star, WireType.F16), impairments, 1, boards: 8);
        (int first, int smallest) = (fabric.Ends[1].Statistics().Single().Window, int.MaxValue);
        for (int step = 1; step <= 30; step++)
        {
            Step(fabric, step);
            smallest = Math.Min(smallest, fabric.Ends.Skip(1).Min(end => end.Statistics().Single().Window));
        }

        LinkStatistics[] up = [.. fabric.Ends.Skip(1).Select(end => end.Statistics().Single())];
        output.WriteLine($"{fabric.Network.Overflowed} of {fabric.Network.Sent} overflowed; window {first}, then {smallest}");
        Assert.True(fabric.Network.Overflowed > 0, "No queue overflowed.");
        Assert.True(smallest <= first / 2, $"The window was {first}, and never less than {smallest}.");
        Assert.Equal(fabric.Network.Overflowed, fabric.Network.Lost);
        Assert.True(up.Sum(link => link.OutgoingIncastLoss) > 0.5 * up.Sum(link => link.OutgoingLoss), "Most loss is the queue's.");
        Assert.True(up.Count(link => link.Copies <= 2) >= 5, "Most links must not answer a full queue with more datagrams.");
    }

    [Fact]
    public void Statistics_OfAFlow_TellItsRate()
    {
        using VirtualFabric fabric = Fabric(s_strict, new Impairments { Delay = 2_500 }, 1);
        long start = fabric.Network.Now;
        Steps(fabric, 60);
        double seconds = (fabric.Network.Now - start) / 1e6;
        LinkStatistics link = fabric.Ends[0].Statistics()[0];
        Assert.InRange(link.OutgoingBytesPerSecond, 0.9 * link.SentBytes / seconds, 1.1 * link.SentBytes / seconds);
        Assert.InRange(link.IncomingDatagramsPerSecond, 0.9 * link.ReceivedDatagrams / seconds, 1.1 * link.ReceivedDatagrams / seconds);
    }

    private static Outcome Walk(DatagramOptions options, Impairments impairments, int seed)
    {
        using VirtualFabric fabric = Fabric(options, impairments with { Loss = 0.02 }, seed);
        Steps(fabric, Warm); // until the loss is measured
        fabric.Network.Impairments = impairments;
        long start = fabric.Network.Now;
        long sent = fabric.Network.Sent;
        long resent = fabric.Links.Sum(link => link.ResentChunks);
        for (int step = Warm + 1; step <= Warm + 16; step++)
        {
            Step(fabric, step);
        }

        return new Outcome(
            fabric.Network.Now - start, fabric.Network.Sent - sent, fabric.Links.Sum(link => link.ResentChunks) - resent, fabric.Links.Sum(link => link.RecoveredChunks));
    }

    private static VirtualFabric Fabric(DatagramOptions options, Impairments impairments, int seed, int boards = 4) =>
        new(boards, options, impairments, seed, size: given => given with { HiddenSize = Hidden, MaxRows = Rows });

    private static void Steps(VirtualFabric fabric, int count)
    {
        for (int step = 1; step <= count; step++)
        {
            Step(fabric, step);
        }
    }

    // One step of two stages with sums of 13 datagrams; all totals are compared.
    private static void Step(VirtualFabric fabric, int step)
    {
        for (int stage = 0; stage < 2; stage++)
        {
            StageKey key = new(1, step, stage);
            foreach (DatagramTransport end in fabric.Ends)
            {
                Fill(end.PartialSum(key, Rows * Hidden), step + stage);
                end.Contribute(key, Rows * Hidden);
            }

            float[] expected = new float[Rows * Hidden];
            Fill(expected, step + stage);
            TensorPrimitives.Multiply(expected, fabric.Ends.Count, expected);
            foreach (DatagramTransport end in fabric.Ends)
            {
                float[] residual = new float[Rows * Hidden];
                Assert.Equal(StageResult.Complete, end.Complete(key, residual));
                Assert.True(residual.AsSpan().SequenceEqual(expected), $"Step {step}, stage {stage}: a total differs.");
            }
        }
    }

    // Small whole numbers: exact in all wire types but Q8.
    private static void Fill(Span<float> sum, int salt)
    {
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] = (i * 31 + salt * 17) % 127;
        }
    }

    private readonly record struct Outcome(long Time, long Sent, long Resent, long Recovered);
}
