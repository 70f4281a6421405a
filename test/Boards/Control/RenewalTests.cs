using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Halo.Boards.Control;

namespace Halo.Boards.Tests.Control;

/// <summary>What happens when a session ends under its client's feet.</summary>
public sealed class RenewalTests
{
    private static readonly byte[] s_body = [1, 2, 3];

    [Fact]
    public async Task Send_AfterAnHourOfSilence_ShakesHandsAgainUnseen()
    {
        VirtualTime time = new();
        await using ControlHost host = await ControlHost.StartAsync(ControlHost.NewServer(time: time));
        using ControlClient client = host.Client();
        int restarts = 0;
        client.PeerRestarted += (_, _) => restarts++;
        await client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default);
        time.Advance(TimeSpan.FromMinutes(59));
        await client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default);
        Assert.Equal(1, host.Server.Statistics.Handshakes);
        time.Advance(TimeSpan.FromHours(1));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default)));
        ControlStatistics seen = host.Server.Statistics;
        Assert.Equal((12, 2, 1, 0), (host.Runs, seen.Handshakes, seen.Sessions, restarts));
    }

    [Fact]
    public async Task Send_AfterARestart_TellsTheCallerOnce()
    {
        ControlHost first = await ControlHost.StartAsync();
        Uri address = first.Address;
        Meddler wire = new();
        using ControlClient client = first.Client(wire.Options);
        List<(string, string)> restarts = [];
        client.PeerRestarted += (_, change) => restarts.Add((change.Before.InstanceId, change.Now.InstanceId));
        await client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default);
        Seen recorded = wire.Recorded[^1];
        await first.DisposeAsync();

        ControlException gone = await Assert.ThrowsAsync<ControlException>(() => client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default));
        Assert.True(gone.IsUnreachable, gone.Message);
        Assert.Equal(0, gone.Status);

        await using ControlHost second = await ControlHost.StartAsync(port: address.Port);
        ControlException restarted = await Assert.ThrowsAsync<ControlException>(() => client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default));
        Assert.True(restarted.IsPeerRestarted, restarted.Message);
        Assert.Equal(second.Server.InstanceId, client.PeerInstanceId);
        await client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default);
        Assert.Equal([(first.Server.InstanceId, second.Server.InstanceId)], restarts);
        Assert.Equal(1, second.Runs);
        using HttpResponseMessage replayed = await wire.ReplayAsync(recorded);
        Assert.Equal((401, 1), ((int)replayed.StatusCode, second.Runs));
    }

    [Fact]
    public async Task Send_AfterARestartWithAnotherKey_SaysThatTheKeysDiffer()
    {
        ControlHost first = await ControlHost.StartAsync();
        int port = first.Address.Port;
        using ControlClient client = first.Client();
        await client.ConnectAsync(default);
        await first.DisposeAsync();
        await using ControlHost second = await ControlHost.StartAsync(ControlHost.NewServer(key: ClusterKey.FromText("quite another key")), port);
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default));
        Assert.Equal(ControlFault.KeysDiffer, fault.Fault);
    }

    [Fact]
    public async Task Send_WhereSomeoneClaimsThatTheSessionIsUnknown_IsNotCarriedOutTwice()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        await using ControlHost other = await ControlHost.StartAsync(ControlHost.NewServer("b3"));
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        await client.ConnectAsync(default);

        // The request arrives; its answer is exchanged for another board's signed word that it does not know the session.
        wire.OnResponse = response =>
        {
            if (response.RequestMessage!.RequestUri!.AbsolutePath == "/control/echo")
            {
                using HttpClient http = new();
                using HttpRequestMessage elsewhere = (wire.Recorded[^1] with { Target = new Uri(other.Address, "/control/echo") }).ToRequest();
                using HttpResponseMessage unknown = http.Send(elsewhere);
                byte[] word = unknown.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
                Assert.NotNull(JsonNode.Parse(word)!["mac"]);
                response.StatusCode = unknown.StatusCode;
                response.Headers.Clear();
                response.Content = new ByteArrayContent(word);
            }
        };
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default));
        Assert.Equal(ControlFault.Untrusted, fault.Fault);
        Assert.Equal((1, 0), (host.Runs, other.Runs));
    }

    [Fact]
    public async Task Send_WhereNobodyListens_IsUnreachable()
    {
        ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client();
        await host.DisposeAsync();
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));
        Assert.True(fault.IsUnreachable, fault.Message);
    }

    [Fact]
    public async Task Send_WhereTheBoardDiesWhileItWorks_IsUnreachable()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using TcpListener dying = new(IPAddress.Loopback, 0);
        dying.Start();
        using ControlClient client = new(new Uri($"http://{dying.LocalEndpoint}"), ControlHost.Key, "head", "head-1");
        Task<ControlSession> connecting = client.ConnectAsync(default);
        using (Socket socket = await dying.AcceptSocketAsync())
        {
            await socket.ReceiveAsync(new byte[64]);
            socket.LingerState = new LingerOption(true, 0);
        }

        dying.Stop();
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => connecting);
        Assert.True(fault.IsUnreachable, fault.Message);
    }

    [Fact]
    public async Task Send_WhereNobodyAnswersTheHandshake_IsSilentNotUnreachable()
    {
        using TcpListener mute = new(IPAddress.Loopback, 0);
        mute.Start();
        using ControlClient client = new(
            new Uri($"http://{mute.LocalEndpoint}"), ControlHost.Key, "head", "head-1", new ControlClientOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(50) });
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));
        Assert.Equal(ControlFault.Silent, fault.Fault);
        Assert.False(fault.IsUnreachable);
    }

    [Fact]
    public async Task Send_ThatIsCancelled_LeavesTheClientWorking()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client();
        using CancellationTokenSource stop = new();
        Task<ControlReply> waiting = client.SendAsync(HttpMethod.Get, "/control/wait", default, stop.Token);
        await Eventually.True(() => Task.FromResult(host.Runs == 1), "the handler to run");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        host.Gate.SetResult();
        Assert.Equal(3, (await client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default)).Body.Length);
    }
}
