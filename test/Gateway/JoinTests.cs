using System.Net;
using Halo.Boards.Control;
using Halo.Boards.Remote;
using Halo.Gateway.Serving;
using Halo.Silo.Membership;

namespace Halo.Gateway;

/// <summary>Boards of other processes that ask the gateway to be taken in.</summary>
public sealed class JoinTests
{
    private static readonly JoinRequest s_request = new(5100, "10.0.0.12");

    [Fact]
    public async Task Join_RightKey_ReachesTheCluster()
    {
        using TemporaryKey key = new();
        (string Name, string Instance, Uri Address) joined = default;
        FakeCluster cluster = new()
        {
            Join = (name, instance, address) =>
            {
                joined = (name, instance, address);
                return null;
            },
        };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync, "--key-file", key.Path);
        await gateway.WaitUntilReadyAsync();
        using ControlClient board = BoardOf(gateway, key.Key);

        await JoinRequest.SendAsync(board, s_request, CancellationToken.None);

        Assert.Equal(("b2", "process-1", new Uri("http://10.0.0.12:5100")), joined);
        Assert.Equal(Environment.MachineName, board.PeerName);
    }

    [Fact]
    public async Task Join_ClusterRefuses_TheBoardLearnsWhy()
    {
        using TemporaryKey key = new();
        FakeCluster cluster = new() { Join = (_, _, _) => "A board named b2 is in service already." };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync, "--key-file", key.Path);
        await gateway.WaitUntilReadyAsync();

        Assert.Equal("A board named b2 is in service already.", (await RefusedAsync(gateway, key.Key)).Reason);
    }

    [Fact]
    public async Task Join_ServiceStillStarts_SaysSo()
    {
        using TemporaryKey key = new();
        await using TestGateway gateway = await TestGateway.StartAsync(_ => new TaskCompletionSource<IServingCluster>().Task, "--key-file", key.Path);

        Assert.Equal("The service is still starting.", (await RefusedAsync(gateway, key.Key)).Reason);
    }

    [Fact]
    public async Task Join_WrongKeyOrNone_NeverReachesTheCluster()
    {
        using TemporaryKey key = new();
        int asked = 0;
        FakeCluster cluster = new() { Join = (_, _, _) => $"{++asked}" };
        await using TestGateway gateway = await TestGateway.StartAsync(cluster.StartAsync, "--key-file", key.Path);
        await gateway.WaitUntilReadyAsync();

        ControlException wrong = await RefusedAsync(gateway, ClusterKey.FromText(ClusterKey.Generate()));
        using StringContent plain = new("""{"port":5100,"host":"10.0.0.12"}""");
        using HttpResponseMessage unsealed = await gateway.Client.PostAsync(new Uri(BoardPaths.Join, UriKind.Relative), plain);

        Assert.Equal(ControlFault.KeysDiffer, wrong.Fault);
        Assert.Equal(HttpStatusCode.BadRequest, unsealed.StatusCode);
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task Join_GatewayWithoutKeyFile_HasNoSuchPath()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(new FakeCluster().StartAsync);

        ControlException refused = await RefusedAsync(gateway, ClusterKey.FromText(ClusterKey.Generate()));

        Assert.Equal(404, refused.Status);
    }

    [Fact]
    public async Task Join_BoardThatCannotBeReached_IsToldAndListed()
    {
        using TemporaryKey key = new();
        await using TestGateway gateway = await TestGateway.StartAsync(null, "--key-file", key.Path);
        await gateway.WaitUntilReadyAsync();
        using ControlClient board = BoardOf(gateway, key.Key);

        ControlException refused = await Assert.ThrowsAsync<ControlException>(() =>
            JoinRequest.SendAsync(board, new JoinRequest(1, "127.0.0.1"), CancellationToken.None)); // Nothing listens on port 1.

        Assert.Contains("cannot be reached", refused.Reason, StringComparison.Ordinal);
        System.Text.Json.JsonElement listed = (await gateway.GetAsync("/v1/boards")).Json.GetProperty("data")[1];
        Assert.Equal("http://127.0.0.1:1", listed.GetProperty("address").GetString());
        Assert.Equal(nameof(BoardState.Connecting), listed.GetProperty("state").GetString(), ignoreCase: true);
        Assert.Contains("cannot be reached", listed.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, listed.GetProperty("models").GetArrayLength());
    }

    [Fact]
    public async Task Start_KeyFileOpenToOthers_WarnsInTheLog()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // No such permissions there.
        }

        using TemporaryKey key = new();
        File.SetUnixFileMode(key.Path, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await using TestGateway gateway = await TestGateway.StartAsync(new FakeCluster().StartAsync, "--key-file", key.Path);

        Assert.Contains(gateway.Warnings, line => line.Contains("chmod 600", StringComparison.Ordinal));
    }

    private static ControlClient BoardOf(TestGateway gateway, ClusterKey key) => new(gateway.Address, key, "b2", "process-1");

    private static async Task<ControlException> RefusedAsync(TestGateway gateway, ClusterKey key)
    {
        using ControlClient board = BoardOf(gateway, key);
        return await Assert.ThrowsAsync<ControlException>(() => JoinRequest.SendAsync(board, s_request, CancellationToken.None));
    }
}
