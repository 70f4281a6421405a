using Halo.Grains;
using Halo.Silo;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Boards that come or go while a completion streams, on purpose: it goes on.</summary>
[Collection(BoardTests.Name)]
public sealed class ComingAndGoingTests
{
    private const string Folder = "halo-tales";
    private const string File = "halo-tales-F32.gguf";

    [SharedFact("models/halo-tales/halo-tales-F32.gguf", "models/halo-tales/reference-greedy.json")]
    public async Task Board_ComingWhileStreaming_IsUsedAndTheCompletionGoesOn()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        HaloClusterOptions options = Heads.Options(folder, [.. boards.Take(1)]);
        options.Models[Folder] = TestPaths.Shared($"models/{Folder}/{File}");
        await using HaloCluster cluster = await Heads.StartAsync(options);
        bool came = false;
        int[] boardsUsed = [0, 0];
        string text = await cluster.TextAsync(Folder, 200, async soFar =>
        {
            if (!came && soFar.Length > 20)
            {
                came = true;
                boardsUsed[0] = await BoardsUsedAsync(cluster);
                options.BoardUrls.Add(boards[1].Url);
                options.Speeds.Add(1);
                Assert.Empty(await cluster.ConnectAsync());
                await Eventually.True(async () => await BoardsUsedAsync(cluster) == 3, "the third board to be used");
                boardsUsed[1] = 3;
            }
        });
        Assert.Equal([2, 3], boardsUsed);
        Assert.Equal(Heads.ReferenceText(Folder, File), text);
    }

    [SharedFact("models/halo-tales/halo-tales-F32.gguf", "models/halo-tales/reference-greedy.json")]
    public async Task Board_StoppedWhileStreaming_LeavesAndTheCompletionGoesOn()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        HaloClusterOptions options = Heads.Options(folder, boards);
        options.Models[Folder] = TestPaths.Shared($"models/{Folder}/{File}");
        await using HaloCluster cluster = await Heads.StartAsync(options);
        bool went = false;
        string text = await cluster.TextAsync(Folder, 200, async soFar =>
        {
            if (!went && soFar.Length > 20)
            {
                went = true;
                boards[0].Program.Terminate();
                Assert.Equal(0, await boards[0].Program.ExitAsync());
            }
        });
        Assert.Equal(2, await BoardsUsedAsync(cluster));
        Assert.Equal(Heads.ReferenceText(Folder, File), text);
    }

    private static async Task<int> BoardsUsedAsync(HaloCluster cluster) =>
        (await cluster.Grains.GetGrain<IModelGrain>(Folder).GetPlanAsync()).ToPlan().Boards.Count;
}
