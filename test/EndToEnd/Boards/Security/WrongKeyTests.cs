using System.Text.RegularExpressions;
using Halo.Silo;
using Halo.Silo.Membership;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>A board with another cluster's key: both ends say so in words, and the cluster does without it.</summary>
[Collection(BoardTests.Name)]
public sealed class WrongKeyTests
{
    private const string Folder = "stories260K";
    private const string File32 = "stories260K-F32.gguf";
    private const string ModelFile = $"models/{Folder}/{File32}";

    [SharedFact(ModelFile)]
    public async Task Connect_BoardWithAnotherKey_IsToldAndServedWithoutIt()
    {
        using ClusterFolder folder = new();
        using ClusterFolder otherFolder = new();
        await using BoardProgram friend = await BoardProgram.StartAsync(folder, "b2");
        await using BoardProgram stranger = await BoardProgram.StartAsync(otherFolder, "b3");
        await using ControlProxy proxy = new(stranger.ControlPort);
        HaloClusterOptions options = Heads.Options(folder, [friend]);
        options.BoardUrls.Add(proxy.Url);
        options.Speeds.Add(1);
        options.Models[Folder] = TestPaths.Shared(ModelFile);
        await using HaloCluster cluster = await HaloCluster.StartAsync(options);
        BoardView refused = Assert.Single(await cluster.ConnectAsync());
        Assert.Equal(new Uri(proxy.Url), refused.Address);
        Assert.StartsWith("the cluster keys differ", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("the same key file", refused.Reason, StringComparison.Ordinal);

        Assert.Equal(Heads.ReferenceText(Folder, File32), await cluster.TextAsync(Folder, 200));
        Assert.Equal(["b1", "b2"], (await cluster.Grains.GetGrain<Grains.IModelGrain>(Folder).GetPlanAsync()).ToPlan().Boards);

        // The head process goes on trying; the board says it once.
        await Eventually.True(() => Task.FromResult(proxy.Requests.Count >= 3), "three attempts");
        await Eventually.True(() => Task.FromResult(stranger.Program.Output.Contains("cluster keys differ", StringComparison.Ordinal)), "the board's log");
        Assert.Single(Regex.Matches(stranger.Program.Output, "cluster keys differ"));
        foreach (ClusterFolder key in new[] { folder, otherFolder })
        {
            Secrets.AssertNone(stranger.Program.Output + stranger.Program.Errors, key);
        }
    }
}
