using Halo.Cli.Lab;
using Halo.Cli.Lab.Loss;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Lab.Model;
using Halo.Lab.Tests;
using Xunit.Abstractions;

namespace Halo.Cli.Tests.Lab;

/// <summary>
/// Board processes in the laboratory, over datagrams, while links go bad: the text stays what it is on good ones. <c>HALO_REPEATS=20</c> generates the
/// 10,000 tokens of the nightly run.
/// </summary>
[Collection(BadLinksTests.Name)]
public sealed class BadLinksTests(ITestOutputHelper output)
{
    /// <summary>The collection's name.</summary>
    public const string Name = "laboratory";

    private const int Boards = 3;
    private const int Tokens = 100;

    private static readonly LinkSettings s_good = new() { Delay = TimeSpan.FromMilliseconds(0.5) };
    private static readonly LinkSetting s_network = new(Boards, 1, s_good, null, null);

    [RootFact]
    public async Task Generate_TenPercentLossDuplicatesAndReordering_GivesTheSameText()
    {
        await using LabCluster cluster = await StartAsync();
        HeadRun good = await GenerateAsync(cluster, s_good);
        HeadRun bad = await GenerateAsync(cluster, s_good with { Loss = 0.1, Duplicate = 0.3, Reorder = 0.3 });
        Assert.Equal(good.Tokens, bad.Tokens);
        Assert.True(cluster.Traffic.Lost > 0);
    }

    [RootFact]
    public async Task Generate_LossThatComesAndGoes_GivesTheSameTextAndItsSpeedComesBack()
    {
        await using LabCluster cluster = await StartAsync();
        await GenerateAsync(cluster, s_good); // compilation
        long packets = cluster.Traffic.Packets;
        HeadRun before = await GenerateAsync(cluster, s_good);
        (Task<HeadRun> generating, Task underWay) = Begin(cluster, cluster.Traffic.Packets - packets);
        await underWay;
        await cluster.SetAsync(s_network, s_good with { Loss = 0.1 });
        await Eventually.True(() => Task.FromResult(cluster.Traffic.Lost > 100), "losses");
        await cluster.SetAsync(s_network, s_good);
        HeadRun during = await generating;
        await GenerateAsync(cluster, s_good);
        HeadRun after = await GenerateAsync(cluster, s_good);
        output.WriteLine($"TPOT {Median(before):0.0}, then {Median(during):0.0} and {during.TokenMs.Max():0.0} at most, then {Median(after):0.0} ms");
        Assert.Equal(before.Tokens, during.Tokens);
        Assert.Equal(before.Tokens, after.Tokens);
        Assert.True(Median(after) < 1.5 * Median(before), "It stays slow."); // other work on this machine is in it
    }

    [RootFact]
    public async Task Generate_PartitionOfTwoSeconds_ResumesWithTheSameText()
    {
        await using LabCluster cluster = await StartAsync();
        long packets = cluster.Traffic.Packets;
        HeadRun good = await GenerateAsync(cluster, s_good);
        (Task<HeadRun> generating, Task underWay) = Begin(cluster, cluster.Traffic.Packets - packets);
        await underWay;
        await cluster.ChangeAsync(model => model.Isolate(1));
        await Task.Delay(TimeSpan.FromSeconds(2));
        await cluster.ChangeAsync(model => model.Heal());
        HeadRun resumed = await generating;
        output.WriteLine($"The longest token took {resumed.TokenMs.Max():0} ms.");
        Assert.Equal(good.Tokens, resumed.Tokens);
        Assert.InRange(resumed.TokenMs.Max(), 1_900, 4_500);
    }

    [RootFact]
    public async Task Generate_ManySequencesOnBadLinks_MemoryStaysFlat()
    {
        // The runtime collects a young generation only when it is as large as the processor's cache: a token leaves about 400 bytes of garbage a process,
        // so without a limit 10,000 tokens may pass before the first time.
        const string youngLimit = "DOTNET_GCgen0size";
        const long mostGrowth = 8; // MiB of three processes
        int runs = Math.Max(8, 5 * Nightly.Repeats);
        Environment.SetEnvironmentVariable(youngLimit, "0x100000");
        await using LabCluster cluster = await StartAsync();
        Environment.SetEnvironmentVariable(youngLimit, null);
        HeadRun good = await GenerateAsync(cluster, s_good);
        LinkSettings bad = s_good with { Loss = 0.05, Duplicate = 0.1, Reorder = 0.1 };
        List<long> samples = [];
        for (int run = 0; run < runs; run++)
        {
            Assert.Equal(good.Tokens, (await GenerateAsync(cluster, bad)).Tokens);
            samples.Add(cluster.MemoryBytes >> 20);
        }

        output.WriteLine($"{runs * Tokens} tokens; MiB in use: {string.Join(", ", samples)}");
        Assert.True(samples[^1] - samples[runs / 2] < mostGrowth, $"MiB in use: {string.Join(", ", samples)}.");
    }

    private static Task<LabCluster> StartAsync() => LabCluster.StartAsync(
        s_network, TestPaths.BundledModel, LossPolicy.Protected, Topology.Mesh, WireType.F32, Tokens, CancellationToken.None);

    private static async Task<HeadRun> GenerateAsync(LabCluster cluster, LinkSettings link)
    {
        await cluster.SetAsync(s_network, link);
        return await cluster.GenerateAsync(Tokens, CancellationToken.None);
    }

    // Generates, and says when a quarter of what that takes in packets is through.
    private static (Task<HeadRun> Generating, Task UnderWay) Begin(LabCluster cluster, long packets)
    {
        long quarter = cluster.Traffic.Packets + (packets / 4);
        Task<HeadRun> generating = cluster.GenerateAsync(Tokens, CancellationToken.None);
        return (generating, Eventually.True(() => Task.FromResult(cluster.Traffic.Packets > quarter), "a quarter of the tokens"));
    }

    private static double Median(HeadRun run) => run.TokenMs.Order().ElementAt(run.TokenMs.Length / 2);
}

/// <summary>Laboratories run one after the other, and alone: they measure time and memory.</summary>
[CollectionDefinition(BadLinksTests.Name, DisableParallelization = true)]
public sealed class LaboratoryTests;
