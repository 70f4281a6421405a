using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Grains;
using Halo.Silo;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Boards in processes of their own that exchange datagrams.</summary>
[Collection(BoardTests.Name)]
public sealed class DatagramTests
{
    [SharedFact("models/stories260K/stories260K-F32.gguf")]
    public async Task Generate_FourProcesses_GivesReferenceText()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 3);
        foreach (Topology topology in Enum.GetValues<Topology>())
        {
            foreach (DeliveryPolicy policy in (DeliveryPolicy[])[DeliveryPolicy.Strict, DeliveryPolicy.Protected])
            {
                HaloClusterOptions options = Options(folder, boards);
                options.Models["stories260K"] = TestPaths.Shared("models/stories260K/stories260K-F32.gguf");
                (options.Topology, options.Policy) = (topology, policy);
                await using HaloCluster cluster = await Heads.StartAsync(options);
                Assert.Equal(Heads.ReferenceText("stories260K", "stories260K-F32.gguf"), await cluster.TextAsync("stories260K", 200));
                Assert.Equal(4, (await cluster.Grains.GetGrain<IModelGrain>("stories260K").GetPlanAsync()).ToPlan().Boards.Count);
            }
        }
    }

    [Fact]
    public async Task Kill_WhileStreaming_IsToldByNameAndTheNextRequestWorks()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        await using HaloCluster cluster = await Heads.StartAsync(Options(folder, boards));
        string expected = await cluster.TextAsync(BundledModel.Name, 30);
        ModelUnavailableException fault = await Assert.ThrowsAsync<ModelUnavailableException>(() => cluster.TextAsync(BundledModel.Name, 400, soFar =>
        {
            if (soFar.Length > 20)
            {
                boards[1].Program.Kill();
            }

            return Task.CompletedTask;
        }));
        Assert.Contains("Board b3 is lost", fault.Message, StringComparison.Ordinal);
        Assert.Equal(expected, await cluster.TextAsync(BundledModel.Name, 30));
    }

    [Fact]
    public async Task Freeze_ForTwoSeconds_GoesOnWithTheSameText()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        await using HaloCluster cluster = await Heads.StartAsync(Options(folder, boards));
        string expected = await cluster.TextAsync(BundledModel.Name, 60);
        bool frozen = false;
        string text = await cluster.TextAsync(BundledModel.Name, 60, async soFar =>
        {
            if (!frozen && soFar.Length > 20)
            {
                frozen = true;
                boards[0].Program.Freeze();
                await Task.Delay(TimeSpan.FromSeconds(2));
                boards[0].Program.Thaw();
            }
        });
        Assert.Equal(expected, text);
    }

    private static HaloClusterOptions Options(ClusterFolder folder, BoardSet boards)
    {
        HaloClusterOptions options = Heads.Options(folder, boards);
        options.Transport = TransportKind.Datagram;
        return options;
    }
}
