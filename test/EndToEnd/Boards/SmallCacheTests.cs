using Halo.Grains;
using Halo.Inference.Quantization;
using Halo.Silo;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>A board whose disk may not hold its part: the model does without it where it can, and says the numbers where it cannot.</summary>
[Collection(BoardTests.Name)]
public sealed class SmallCacheTests
{
    private const string Small = "stories260K";
    private const string SmallFile = "models/stories260K/stories260K-F32.gguf";
    private const string Large = "halo-tales";
    private const string LargeFile = "models/halo-tales/halo-tales-F32.gguf";
    private const int Tokens = 40;

    [SharedFact(SmallFile, LargeFile)]
    public async Task Generate_OneCacheTooSmall_DoesWithoutThatBoardForThatModel()
    {
        using ClusterFolder folder = new();
        await using BoardProgram small = await BoardProgram.StartAsync(folder, "b2", more: ["--cache-limit", "1M"]);
        await using BoardProgram large = await BoardProgram.StartAsync(folder, "b3");
        await using HaloCluster cluster = await Heads.StartAsync(Options(folder, small.Url, large.Url));
        await CheckTextAsync(cluster, Large, "halo-tales-F32.gguf");
        Assert.Equal(["b1", "b3"], await BoardsAsync(cluster, Large));

        // Nothing is left half done there, and a model that fits uses it.
        Assert.Empty(Pieces.Files(folder, "b2", "*.p*"));
        Assert.Equal(0, (await cluster.Grains.GetGrain<IBoardGrain>("b2").GetStatisticsAsync(Large)).ShardCount);
        await CheckTextAsync(cluster, Small, "stories260K-F32.gguf");
        Assert.Equal(["b1", "b2", "b3"], await BoardsAsync(cluster, Small));
        Assert.Equal(await Pieces.OfPlanAsync(cluster, Small, "b2", folder), Pieces.OnDisk(folder, "b2"));
    }

    [SharedFact(SmallFile, LargeFile)]
    public async Task Generate_TheRestTooSmallAsWell_SaysTheNumbersAndServesOtherModels()
    {
        using ClusterFolder folder = new();
        await using BoardProgram small = await BoardProgram.StartAsync(folder, "b2", more: ["--cache-limit", "1M"]);
        HaloClusterOptions options = Options(folder, small.Url);
        options.BoardMemoryBytes = 9_000_000; // not even to stream all of it: KV, buffers and two layers of neurons are more
        options.KvPositions = 512;
        options.KvType = KvType.F32;
        await using HaloCluster cluster = await Heads.StartAsync(options);
        for (int request = 0; request < 2; request++)
        {
            ModelUnavailableException fault = await Assert.ThrowsAsync<ModelUnavailableException>(() => cluster.TextAsync(Large, Tokens));
            Assert.Equal(ModelFault.DoesNotFit, fault.Fault);
            Assert.Contains("Left out is board b2: There is no room for the part of board b2", fault.Message, StringComparison.Ordinal);
            Assert.Matches(@"it takes \d+\.\d MB of pieces, 0\.0 MB of others are in use, and 1\.0 MB are the most", fault.Message);
            Assert.Contains("--cache-limit", fault.Message, StringComparison.Ordinal);
            Assert.Contains("9.0 MB", fault.Message, StringComparison.Ordinal); // what the head board has
        }

        Assert.Empty(Pieces.Files(folder, "b2", "*.p*"));
        await CheckTextAsync(cluster, Small, "stories260K-F32.gguf");
        Assert.Equal(["b1", "b2"], await BoardsAsync(cluster, Small));
    }

    [SharedFact(LargeFile)]
    public async Task Join_OldAndNewPartTooLargeTogether_GivesTheOldOneUpFirst()
    {
        using ClusterFolder folder = new();
        await using BoardProgram first = await BoardProgram.StartAsync(folder, "b2", more: ["--cache-limit", "10M"]);
        await using BoardProgram second = await BoardProgram.StartAsync(folder, "b3");
        await using HaloCluster cluster = await Heads.StartAsync(Options(folder, first.Url));
        await CheckTextAsync(cluster, Large, "halo-tales-F32.gguf");
        Assert.InRange(Pieces.OnDisk(folder, "b2").Values.Sum(), 6_000_000, 10_000_000); // so a third more has no room

        Assert.Null(await cluster.JoinAsync("b3", "", new Uri(second.Url)));
        await CheckTextAsync(cluster, Large, "halo-tales-F32.gguf");
        Assert.Equal(["b1", "b2", "b3"], await BoardsAsync(cluster, Large));
        int held = (await cluster.Grains.GetGrain<IBoardGrain>("b2").GetStatisticsAsync(Large)).ShardCount;
        Assert.Equal((await PlanAsync(cluster, Large)).ShardsOf("b2").Count(), held);
    }

    private static HaloClusterOptions Options(ClusterFolder folder, params string[] urls) => new()
    {
        KeyFile = folder.KeyFile,
        BoardUrls = [.. urls],
        Speeds = [.. Enumerable.Repeat(1.0, urls.Length + 1)],
        Threads = 1,
        Models = { [Small] = TestPaths.Shared(SmallFile), [Large] = TestPaths.Shared(LargeFile) },
    };

    private static async Task CheckTextAsync(HaloCluster cluster, string model, string file)
    {
        string text = await cluster.TextAsync(model, Tokens);
        Assert.StartsWith(text, Heads.ReferenceText(model, file), StringComparison.Ordinal);
        Assert.NotEmpty(text);
    }

    private static async Task<Planning.Assignment.Plan> PlanAsync(HaloCluster cluster, string model) =>
        (await cluster.Grains.GetGrain<IModelGrain>(model).GetPlanAsync()).ToPlan();

    private static async Task<IReadOnlyList<string>> BoardsAsync(HaloCluster cluster, string model) => (await PlanAsync(cluster, model)).Boards;
}
