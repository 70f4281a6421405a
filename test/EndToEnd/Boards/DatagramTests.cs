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
    public async Task Generate_RelaxedWithAllBoardsCritical_ChoosingTheTopology_GivesReferenceText()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        HaloClusterOptions options = Options(folder, boards);
        options.Models["stories260K"] = TestPaths.Shared("models/stories260K/stories260K-F32.gguf");
        (options.Topology, options.Policy, options.CriticalBoards) = (Topology.Auto, DeliveryPolicy.Relaxed, 3);
        await using HaloCluster cluster = await Heads.StartAsync(options);
        Assert.Equal(Heads.ReferenceText("stories260K", "stories260K-F32.gguf"), await cluster.TextAsync("stories260K", 200));
    }

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
                await AssertLinksAsync(cluster, topology, policy);
            }
        }
    }

    [Fact]
    public async Task Kill_WhileStreaming_TheStreamGoesOnWithoutTheBoard()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        await using HaloCluster cluster = await Heads.StartAsync(Options(folder, boards));
        string expected = await cluster.TextAsync(BundledModel.Name, 30);
        string text = await cluster.TextAsync(BundledModel.Name, 200, soFar =>
        {
            if (soFar.Length > 20)
            {
                boards[1].Program.Kill();
            }

            return Task.CompletedTask;
        });
        Assert.StartsWith(expected, text, StringComparison.Ordinal);
        Assert.DoesNotContain("b3", (await cluster.Grains.GetGrain<IModelGrain>(BundledModel.Name).GetPlanAsync()).ToPlan().Boards);
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

    // What the head board knows itself, and what another board tells over its control endpoint.
    private static async Task AssertLinksAsync(HaloCluster cluster, Topology topology, DeliveryPolicy policy)
    {
        foreach (string board in (string[])["b1", "b3"])
        {
            BoardLinks known = await cluster.Grains.GetGrain<IBoardGrain>(board).GetLinksAsync("stories260K");
            Assert.Equal(
                ("datagram", topology.ToString(), policy.ToString(), null),
                (known.Transport, known.Topology, known.Policy, known.Note), (a, b) => string.Equals($"{a}", $"{b}", StringComparison.OrdinalIgnoreCase));
            string[] others = topology == Topology.Star && board != "b1" ? ["b1"] : [.. ((string[])["b1", "b2", "b3", "b4"]).Where(other => other != board)];
            Assert.Equal(others, known.Links.Select(link => link.Board));
            Assert.All(known.Links, link => Assert.True(link is { SentDatagrams: > 100, ReceivedDatagrams: > 100, RoundTripMs: > 0, Copies: >= 1 }, $"{link}"));
        }
    }

    private static HaloClusterOptions Options(ClusterFolder folder, BoardSet boards)
    {
        HaloClusterOptions options = Heads.Options(folder, boards);
        options.Transport = TransportKind.Datagram;
        return options;
    }
}
