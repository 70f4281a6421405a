using System.Text.RegularExpressions;
using Halo.Boards.Control;
using Halo.Boards.Remote;
using Halo.Silo;
using Halo.Silo.Membership;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>Boards that ask a head process to be taken in, and what strangers make of that.</summary>
[Collection(BoardTests.Name)]
public sealed class JoinTests
{
    private const string Folder = "stories260K";
    private const string File32 = "stories260K-F32.gguf";
    private const string ModelFile = $"models/{Folder}/{File32}";

    [SharedFact(ModelFile)]
    public async Task Join_FriendAndStranger_TakesInTheOneAndTellsTheOther()
    {
        using ClusterFolder folder = new();
        using ClusterFolder otherFolder = new();
        HaloClusterOptions options = Heads.Options(folder, []);
        options.Models[Folder] = TestPaths.Shared(ModelFile);
        HeadIdentity identity = HeadIdentity.Of(options, out _)!;
        await using HaloCluster cluster = await HaloCluster.StartAsync(options, identity: identity);
        await using WebApplication head = await ServeAsync(cluster, identity);
        int port = new Uri(head.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        await using ControlProxy proxy = new(port);
        await using BoardProgram friend = await BoardProgram.StartAsync(folder, "b2", more: ["--join", proxy.Url]);
        await Eventually.True(() => Task.FromResult(InService(cluster) == 2), "the board to join");
        byte[][] recorded = [.. proxy.Requests];
        Assert.Equal(3, recorded.Length); // hello, finish, join

        await using BoardProgram stranger = await BoardProgram.StartAsync(otherFolder, "b3", more: ["--join", proxy.Url]);
        await Eventually.True(() => Task.FromResult(proxy.Requests.Count >= recorded.Length + 3), "three attempts of the stranger");
        Assert.Equal(2, cluster.BoardViews.Count);
        Assert.Single(Regex.Matches(stranger.Program.Output, "could not join"));
        Assert.Contains("the cluster keys differ", stranger.Program.Output, StringComparison.Ordinal);
        Secrets.AssertNone(stranger.Program.Output, folder);
        Secrets.AssertNone(stranger.Program.Output, otherFolder);

        // What was recorded.
        Assert.Equal(401, (await RawSocket.AskAsync(port, recorded[1])).Status);
        Assert.Equal(401, (await RawSocket.AskAsync(port, recorded[2])).Status);
        Assert.Equal(Heads.ReferenceText(Folder, File32), await cluster.TextAsync(Folder, 200));
        Assert.Equal(["b1", "b2"], (await cluster.Grains.GetGrain<Grains.IModelGrain>(Folder).GetPlanAsync()).ToPlan().Boards);

        // A join that was altered on the way takes nobody in; the board's next one does.
        int altered = 0;
        proxy.OnRequest = request =>
        {
            if (request.Path == BoardPaths.Join && Interlocked.Increment(ref altered) == 1)
            {
                request.Flip(request.BodyAt);
            }
        };
        friend.Program.Kill();
        await Eventually.True(() => Task.FromResult(InService(cluster) == 1), "the board's loss");
        await using BoardProgram again = await BoardProgram.StartAsync(folder, "b2", more: ["--join", proxy.Url]);
        await Eventually.True(() => Task.FromResult(InService(cluster) == 2), "the board to join again");
        Assert.True(altered >= 2, "No join was altered.");
        Assert.Contains("is not what was sealed", again.Program.Output, StringComparison.Ordinal);
    }

    private static int InService(HaloCluster cluster) => cluster.BoardViews.Count(board => board.State == BoardState.Alive);

    private static async Task<WebApplication> ServeAsync(HaloCluster cluster, HeadIdentity identity)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(server => ControlLimits.Apply(server));
        WebApplication app = builder.Build();
        app.MapHaloJoin(new ControlServer(identity.Key, identity.Name, identity.Instance, TimeProvider.System), cluster.JoinAsync);
        await app.StartAsync();
        return app;
    }
}
