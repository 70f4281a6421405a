using Halo.Grains;
using Halo.Silo;
using Halo.Silo.Membership;
using Microsoft.Extensions.Logging;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>A board gets the bytes that it lacks, and no others.</summary>
[Collection(BoardTests.Name)]
public sealed class WeightTransferTests
{
    private const string Folder = "halo-tales";
    private const string File32 = "halo-tales-F32.gguf";
    private const string ModelFile = $"models/{Folder}/{File32}";
    private const int Tokens = 40;

    [SharedFact(ModelFile)]
    public async Task Attach_EmptyThenWarmThenRestarted_SendsEachByteOnce()
    {
        using ClusterFolder folder = new();
        BoardProgram board = await BoardProgram.StartAsync(folder, "b2");
        try
        {
            LogRecord log = new();
            using ILoggerFactory logging = LoggerFactory.Create(builder => builder.AddProvider(log));
            await using (HaloCluster first = await HaloCluster.StartAsync(Options(folder, board.Url), logging))
            {
                Assert.Empty(await first.ConnectAsync());
                await CheckTextAsync(first);
                SortedDictionary<string, long> needed = await Pieces.OfPlanAsync(first, Folder, "b2", folder);
                Assert.Equal(needed, Pieces.OnDisk(folder, "b2"));
                Assert.Equal(needed.Values.Sum(), await Pieces.ReceivedAsync(first, Folder, "b2"));
            }

            Assert.Empty(log.Complaints); // the head process left without any

            // Another head process: nothing more in the same board process.
            long bytes = Pieces.OnDisk(folder, "b2").Values.Sum();
            await using (HaloCluster second = await Heads.StartAsync(Options(folder, board.Url)))
            {
                await CheckTextAsync(second);
                Assert.Equal(bytes, await Pieces.ReceivedAsync(second, Folder, "b2"));
            }

            // Another board process on the same disk: nothing at all.
            board = await board.RestartAsync(folder);
            await using HaloCluster third = await Heads.StartAsync(Options(folder, board.Url));
            await CheckTextAsync(third);
            Assert.Equal(0, await Pieces.ReceivedAsync(third, Folder, "b2"));
        }
        finally
        {
            await board.DisposeAsync();
        }
    }

    [SharedFact(ModelFile)]
    public async Task Restart_OneByteOfOnePieceChanged_SendsThatPieceAgain()
    {
        using ClusterFolder folder = new();
        BoardProgram board = await BoardProgram.StartAsync(folder, "b2");
        try
        {
            await using (HaloCluster cluster = await Heads.StartAsync(Options(folder, board.Url)))
            {
                await CheckTextAsync(cluster);
            }

            string victim = Pieces.Files(folder, "b2", "*.piece").Order(StringComparer.Ordinal).Skip(2).First();
            byte[] right = await File.ReadAllBytesAsync(victim);
            byte[] wrong = [.. right];
            wrong[^(right.Length / 3)] ^= 0x10;
            board.Program.Kill();
            await board.DisposeAsync();
            await File.WriteAllBytesAsync(victim, wrong);

            board = await BoardProgram.StartAsync(folder, "b2");
            await using HaloCluster again = await Heads.StartAsync(Options(folder, board.Url));
            await CheckTextAsync(again);
            Assert.Equal(right.Length, await Pieces.ReceivedAsync(again, Folder, "b2"));
            Assert.Equal(right, await File.ReadAllBytesAsync(victim));
            Assert.Contains(Path.GetFileName(victim), board.Program.Output, StringComparison.Ordinal);
        }
        finally
        {
            await board.DisposeAsync();
        }
    }

    [SharedFact(ModelFile)]
    public async Task Kill_InTheMiddleOfATransfer_SendsOnlyWhatIsMissing()
    {
        using ClusterFolder folder = new();
        BoardProgram board = await BoardProgram.StartAsync(folder, "b2");
        await using ControlProxy proxy = new(board.ControlPort);
        try
        {
            int sent = 0;
            proxy.OnRequest = request =>
            {
                if (request.Path == "/control/slices" && Interlocked.Increment(ref sent) == 6)
                {
                    board.Program.Kill();
                }
            };
            await using HaloCluster cluster = await Heads.StartAsync(Options(folder, proxy.Url));
            await CheckTextAsync(cluster); // the head board alone carries it meanwhile
            SortedDictionary<string, long> there = Pieces.OnDisk(folder, "b2");
            Assert.InRange(there.Count, 3, 6);

            // What a power cut may leave: a file that was being written, and one whose end never reached the disk.
            string whole = Pieces.Files(folder, "b2", "*.piece").Order(StringComparer.Ordinal).First();
            await File.WriteAllBytesAsync($"{whole}.{Guid.NewGuid():N}.part", new byte[5000]);
            using (FileStream torn = new(whole, FileMode.Open))
            {
                torn.SetLength(torn.Length - 1);
            }

            there.Remove(Path.GetFileNameWithoutExtension(whole));
            board = await board.RestartAsync(folder);
            await Eventually.True(() => Task.FromResult(cluster.BoardViews.All(view => view.State == BoardState.Alive)), "the board to come back");
            await Eventually.True(
                async () => (await cluster.Grains.GetGrain<IModelGrain>(Folder).GetPlanAsync()).ToPlan().Boards.Contains("b2"), "the board to be in the plan");
            await CheckTextAsync(cluster);
            SortedDictionary<string, long> needed = await Pieces.OfPlanAsync(cluster, Folder, "b2", folder);
            Assert.True(needed.Count > 12, $"The plan gives the board {needed.Count} pieces only.");
            Assert.Equal(needed, Pieces.OnDisk(folder, "b2"));
            Assert.Equal(needed.Values.Sum() - there.Values.Sum(), await Pieces.ReceivedAsync(cluster, Folder, "b2"));
            Assert.Empty(Pieces.Files(folder, "b2", "*.part"));
        }
        finally
        {
            await board.DisposeAsync();
        }
    }

    [SharedFact(ModelFile)]
    public async Task Attach_BoardsWithOwnFiles_SendsNothingToTheRightOneAndAllToTheOther()
    {
        using ClusterFolder folder = new();
        string copy = Path.Combine(Directory.CreateDirectory(folder.CacheOf("files")).FullName, File32);
        byte[] bytes = await File.ReadAllBytesAsync(TestPaths.Shared(ModelFile));
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(copy, bytes);
        await using BoardProgram right = await BoardProgram.StartAsync(folder, "b2", more: ["--model", TestPaths.Shared(ModelFile)]);
        await using BoardProgram wrong = await BoardProgram.StartAsync(folder, "b3", more: ["--model", copy]);
        await using HaloCluster cluster = await Heads.StartAsync(Options(folder, right.Url, wrong.Url));
        await CheckTextAsync(cluster);
        Assert.Equal(0, await Pieces.ReceivedAsync(cluster, Folder, "b2"));
        Assert.Empty(Pieces.OnDisk(folder, "b2"));
        SortedDictionary<string, long> needed = await Pieces.OfPlanAsync(cluster, Folder, "b3", folder);
        Assert.Equal(needed, Pieces.OnDisk(folder, "b3"));
        Assert.Equal(needed.Values.Sum(), await Pieces.ReceivedAsync(cluster, Folder, "b3"));
    }

    // Equal speeds: what is measured differs from start to start, and the plan with it.
    private static HaloClusterOptions Options(ClusterFolder folder, params string[] urls) => new()
    {
        KeyFile = folder.KeyFile,
        BoardUrls = [.. urls],
        Speeds = [.. Enumerable.Repeat(1.0, urls.Length + 1)],
        Threads = 1,
        Models = { [Folder] = TestPaths.Shared(ModelFile) },
    };

    private static async Task CheckTextAsync(HaloCluster cluster)
    {
        string text = await cluster.TextAsync(Folder, Tokens);
        Assert.StartsWith(text, Heads.ReferenceText(Folder, File32), StringComparison.Ordinal);
        Assert.NotEmpty(text);
    }
}
