using Halo.Fabric.Datagrams;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Tests.Transport;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Real sockets and threads, and a tap between them that loses, doubles and reorders: sums are exact, nothing is stuck, nothing grows.</summary>
[Collection(AloneTests.Name)]
public sealed class ImpairedLoopbackTests
{
    private static readonly byte[] s_announcement = new byte[8];
    private static readonly Impairments s_bad = new() { Loss = 0.1, Duplication = 0.3, Reordering = 0.3, Delay = 1_000 };

    [Theory]
    [InlineData(2, Topology.Mesh, DeliveryPolicy.Protected)]
    [InlineData(3, Topology.Mesh, DeliveryPolicy.Strict)]
    [InlineData(3, Topology.Star, DeliveryPolicy.Protected)]
    public void Complete_LossDuplicatesAndReordering_IsExact(int boards, Topology topology, DeliveryPolicy policy)
    {
        using TappedFabric fabric = new(boards, new DatagramOptions(topology) { Policy = policy }, s_bad);
        fabric.Walk(40 * Nightly.Repeats);
        Assert.True(fabric.Links.Sum(link => link.DuplicateChunks) > 0, "No duplicate came.");
        Assert.All(fabric.Ends, end => Assert.Null(end.Failure));
    }

    [Fact]
    public void Complete_LossThatComesAndGoes_IsExact()
    {
        // Each goes on from where the one before has left it: the same links and their memories.
        using TappedFabric fabric = new(3, new DatagramOptions(), new Impairments());
        fabric.Tap.OnDatagram = (_, _) =>
        {
            long forwarded = fabric.Tap.Forwarded;
            fabric.Tap.Impairments = forwarded is > 500 and < 2_000 ? s_bad : new Impairments();
        };
        fabric.Walk(200);
        Assert.True(fabric.Tap.Forwarded > 2_000, $"Only {fabric.Tap.Forwarded} datagrams: the loss never went.");
        Assert.True(fabric.Links.Sum(link => link.ResentChunks + link.CopiedChunks) > 0);
    }

    [Fact]
    public void Step_LossDuplicatesAndReordering_AllocatesNothing()
    {
        const int steps = 150;
        using TappedFabric fabric = new(2, new DatagramOptions(), s_bad);
        long[] allocated = new long[2];
        BoardThreads.Run(
            2,
            board =>
            {
                float[] residual = new float[SteppedFabric.HiddenSize];
                long before = 0;
                for (long step = 1; step <= steps; step++)
                {
                    before = step == steps / 2 ? GC.GetAllocatedBytesForCurrentThread() : before;
                    WalkBare(fabric.Fabric, board, step, residual);
                }

                allocated[board] = GC.GetAllocatedBytesForCurrentThread() - before;
            },
            fabric.Fabric.Stop);
        Assert.True(fabric.Links.Sum(link => link.ResentChunks) > 0);
        Assert.All(allocated, bytes => Assert.Equal(0, bytes));
    }

    [Fact]
    public void Step_ThousandsWithLossDuplicatesAndReordering_MemoryStaysFlat()
    {
        const long mostGrowth = 1 << 20;
        int steps = 500 * Nightly.Repeats;
        using TappedFabric fabric = new(2, new DatagramOptions(), new Impairments { Loss = 0.05, Duplication = 0.1, Reordering = 0.1, Delay = 500 });
        List<long> samples = [];
        BoardThreads.Run(
            2,
            board =>
            {
                float[] residual = new float[SteppedFabric.HiddenSize];
                for (long step = 1; step <= steps; step++)
                {
                    WalkBare(fabric.Fabric, board, step, residual);
                    if (board == 0 && step % (steps / 5) == 0)
                    {
                        samples.Add(GC.GetTotalMemory(forceFullCollection: true));
                    }
                }
            },
            fabric.Fabric.Stop);

        // What grows has grown in all of the later ones; the runtime's own garbage is there now and then.
        Assert.True(samples.Skip(samples.Count / 2).Min() - samples[0] < mostGrowth, $"Bytes in use grew: {string.Join(", ", samples)}.");
    }

    // A step that allocates nothing itself.
    private static void WalkBare(SteppedFabric fabric, int board, long step, float[] residual)
    {
        if (board == 0)
        {
            fabric.Ends[0].Announce(step, s_announcement);
        }
        else if (fabric.Ends[board].ReceiveAnnouncement(out _).IsEmpty)
        {
            throw new InvalidOperationException("The fabric has ended.");
        }

        for (int stage = 0; stage < fabric.Size.StageCount; stage++)
        {
            StageKey key = new(1, step, stage);
            fabric.Ends[board].Contribute(key, residual.Length);
            Check(fabric.Ends[board].Complete(key, residual));
        }

        fabric.Ends[board].EndStep(step, 0);
        if (board == 0)
        {
            Check(fabric.Ends[0].CompleteStep(step));
        }
    }

    private static void Check(StageResult result)
    {
        if (result != StageResult.Complete)
        {
            throw new InvalidOperationException("The step was given up.");
        }
    }
}
