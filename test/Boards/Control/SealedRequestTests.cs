using System.Text;
using Halo.Boards.Control;

namespace Halo.Boards.Tests.Control;

public sealed class SealedRequestTests
{
    private static readonly byte[] s_body = Encoding.UTF8.GetBytes("a plan, or KV");

    [Theory]
    [InlineData("POST", "/control/echo", "a plan, or KV")]
    [InlineData("PUT", "/control/echo?layer=3&name=%C3%A9%20x", "a plan, or KV")]
    [InlineData("GET", "/control/echo", "")]
    [InlineData("POST", "/control/stream", "a plan, or KV")]
    public async Task Send_ToAHandler_CarriesTheBodyBothWays(string method, string target, string body)
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);

        ControlReply reply = await client.SendAsync(new HttpMethod(method), target, Encoding.UTF8.GetBytes(body), default);

        Assert.Equal(body, Encoding.UTF8.GetString(reply.Body.Span));
        Assert.Equal(new ControlPeer("b2", host.Server.InstanceId, reply.Peer.Product), reply.Peer);
        Assert.DoesNotContain("plan", Encoding.UTF8.GetString(wire.Recorded[^1].Body), StringComparison.Ordinal);
        Assert.Equal(body.Length + BodySeal.TagBytes, wire.Recorded[^1].Body.Length);
    }

    [Fact]
    public async Task Send_Json_BindsAndAnswersAsPlainRequestsDo()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client();
        Sum sum = await client.PostJsonAsync("/control/add", new Pair(2, 3), TestJson.Default.Pair, TestJson.Default.Sum, default);
        Assert.Equal(5, sum.Value);
        Assert.Equal("head head-1", Encoding.UTF8.GetString((await client.SendAsync(HttpMethod.Get, "/control/who", default, default)).Body.Span));
        ControlException fault = await Assert.ThrowsAsync<ControlException>(
            () => client.GetJsonAsync("/control/who", TestJson.Default.Sum, default));
        Assert.Contains("is no Sum", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_WhereTheHandlerAnswersNothing_GivesAnEmptyBody()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client();
        Assert.Equal(0, (await client.SendAsync(HttpMethod.Post, "/control/nothing", s_body, default)).Body.Length);
    }

    [Theory]
    [InlineData("/control/fail", 500, "the board has no such shard")]
    [InlineData("/control/bad", 400, "the block is too short")]
    public async Task Send_WhereTheHandlerThrows_GivesItsReasonThroughTheSeal(string path, int status, string reason)
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client();
        ControlException fault = await Fault(client.SendAsync(HttpMethod.Post, path, s_body, default));
        Assert.Equal((ControlFault.Failed, status, reason), (fault.Fault, fault.Status, fault.Reason));
        Assert.StartsWith(host.Address.GetLeftPart(UriPartial.Authority), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_ToAPathThatNobodyServes_SaysSo()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client();
        ControlException fault = await Fault(client.SendAsync(HttpMethod.Post, "/control/nowhere", s_body, default));
        Assert.Equal((ControlFault.Untrusted, 404), (fault.Fault, fault.Status));
    }

    [Theory]
    [InlineData("method")]
    [InlineData("path")]
    [InlineData("query")]
    [InlineData("number")]
    [InlineData("session")]
    [InlineData("proof")]
    [InlineData("content type")]
    [InlineData("body")]
    [InlineData("tag")]
    [InlineData("length")]
    [InlineData("no seal")]
    public async Task Send_WhereTheRequestIsAltered_NeverReachesTheHandler(string part)
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        await client.ConnectAsync(default);
        wire.OnRequest = request => Alter(request, part);

        ControlException fault = await Fault(client.SendAsync(HttpMethod.Post, "/control/echo?a=1", s_body, default));

        Assert.True(fault.Fault is ControlFault.Refused or ControlFault.Untrusted, fault.Message);
        Assert.Equal(0, host.Runs);
        wire.OnRequest = null;
        Assert.Equal(s_body.Length, (await client.SendAsync(HttpMethod.Post, "/control/echo?a=1", s_body, default)).Body.Length);
    }

    [Theory]
    [InlineData("body")]
    [InlineData("tag")]
    [InlineData("length")]
    [InlineData("status")]
    [InlineData("number")]
    [InlineData("no seal")]
    public async Task Send_WhereTheAnswerIsAltered_Throws(string part)
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        await client.ConnectAsync(default);
        wire.OnResponse = response => Alter(response, part);

        ControlException fault = await Fault(client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default));

        Assert.Equal(ControlFault.Untrusted, fault.Fault);
        Assert.Equal(1, host.Runs);
    }

    [Fact]
    public async Task Send_WhereAnEarlierAnswerIsGivenAgain_Throws()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        await client.ConnectAsync(default);
        byte[]? first = null;
        wire.OnResponse = response => first = response.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
        await client.SendAsync(HttpMethod.Post, "/control/twin", s_body, default);
        wire.OnResponse = response => response.Content = new ByteArrayContent(first!);
        Assert.Equal(ControlFault.Untrusted, (await Fault(client.SendAsync(HttpMethod.Post, "/control/twin", s_body, default))).Fault);
    }

    [Fact]
    public async Task Replay_OfASealedRequest_IsRefused()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        await client.SendAsync(HttpMethod.Post, "/control/echo", s_body, default);
        using HttpResponseMessage again = await wire.ReplayAsync(wire.Recorded[^1]);
        Assert.Equal(401, (int)again.StatusCode);
        Assert.Equal((1, 1), (host.Runs, host.Server.Statistics.Refused[ControlRefusal.Repeated]));
    }

    [Fact]
    public async Task Send_ManyAtOnce_AllPass()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client();
        ControlReply[] replies = await Task.WhenAll(Enumerable.Range(0, 100)
            .Select(i => client.SendAsync(HttpMethod.Post, "/control/echo", BitConverter.GetBytes(i), default)));
        Assert.Equal(Enumerable.Range(0, 100), replies.Select(reply => BitConverter.ToInt32(reply.Body.Span)));
        Assert.Equal((100, 1), (host.Runs, host.Server.Statistics.Handshakes));
    }

    [Fact]
    public async Task Send_WhereAnEarlierRequestArrivesLast_BothPass()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        await client.ConnectAsync(default);
        TaskCompletionSource later = new(TaskCreationOptions.RunContinuationsAsynchronously);
        wire.Hold = request => request.RequestUri!.Query == "?first" ? later.Task : Task.CompletedTask;
        Task<ControlReply> first = client.SendAsync(HttpMethod.Post, "/control/echo?first", s_body, default);
        await client.SendAsync(HttpMethod.Post, "/control/echo?second", s_body, default);
        later.SetResult();
        Assert.Equal(s_body.Length, (await first).Body.Length);
        Assert.Equal(["1", "2"], wire.Recorded.TakeLast(2).Select(seen => seen.Headers.First(header => header.Key == "Halo-Number").Value));
    }

    [Fact]
    public async Task Send_OfALongBody_IsRefusedAtEitherEnd()
    {
        await using ControlHost host = await ControlHost.StartAsync(ControlHost.NewServer(maxBodyBytes: 4_000_000));
        using ControlClient own = host.Client(new ControlClientOptions { MaxBodyBytes = 1000 });
        using ControlClient client = host.Client();
        Assert.Equal(413, (await Fault(own.SendAsync(HttpMethod.Post, "/control/echo", new byte[1001], default))).Status);
        Assert.Equal(1000, (await own.SendAsync(HttpMethod.Post, "/control/echo", new byte[1000], default)).Body.Length);
        ControlException fault = await Fault(client.SendAsync(HttpMethod.Post, "/control/echo", new byte[4_000_001], default));
        Assert.Equal((413, "the body has 4000001 bytes; this board takes at most 4000000"), (fault.Status, fault.Reason));
        Assert.Equal(4_000_000, (await client.SendAsync(HttpMethod.Post, "/control/echo", new byte[4_000_000], default)).Body.Length);
        Assert.Equal(ControlFault.Failed, (await Fault(client.SendAsync(HttpMethod.Get, "/control/long?bytes=4000001", default, default))).Fault);
        Assert.Equal(ControlFault.Untrusted, (await Fault(own.SendAsync(HttpMethod.Get, "/control/long?bytes=1001", default, default))).Fault);
    }

    [Theory]
    [InlineData("control/echo")]
    [InlineData("//elsewhere/control/echo")]
    public async Task Send_ToNoPathOfTheBoard_Throws(string path)
    {
        using ControlClient client = new(new Uri("http://127.0.0.1:1"), ControlHost.Key, "head", "head-1");
        await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync(HttpMethod.Get, path, default, default));
        await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync(HttpMethod.Head, "/control/echo", default, default));
    }

    private static Task<ControlException> Fault(Task sending) => Assert.ThrowsAsync<ControlException>(() => sending);

    private static void Alter(HttpRequestMessage request, string part)
    {
        switch (part)
        {
            case "method":
                request.Method = HttpMethod.Put;
                break;
            case "path":
                request.RequestUri = new Uri(request.RequestUri!, "/control/twin?a=1");
                break;
            case "query":
                request.RequestUri = new Uri(request.RequestUri!, "/control/echo?a=2");
                break;
            case "number":
                Replace(request, ControlProtocol.NumberHeader, "77");
                break;
            case "session":
                Replace(request, ControlProtocol.SessionHeader, "00112233445566778899aabbccddeeff");
                break;
            case "proof":
                Replace(request, ControlProtocol.ProofHeader, Convert.ToBase64String(new byte[ControlProtocol.MacBytes]));
                break;
            case "content type":
                request.Content!.Headers.ContentType = new("application/json");
                break;
            case "no seal":
                request.Headers.Clear();
                break;
            default:
                request.Content = Alter(request.Content!, part);
                break;
        }
    }

    private static void Alter(HttpResponseMessage response, string part)
    {
        switch (part)
        {
            case "status":
                response.StatusCode = System.Net.HttpStatusCode.Created;
                break;
            case "number":
                response.Headers.Remove(ControlProtocol.NumberHeader);
                response.Headers.Add(ControlProtocol.NumberHeader, "77");
                break;
            case "no seal":
                response.Headers.Remove(ControlProtocol.NumberHeader);
                break;
            default:
                response.Content = Alter(response.Content, part);
                break;
        }
    }

    private static HttpContent Alter(HttpContent content, string part) => part switch
    {
        "body" => Meddler.Flip(content, 0),
        "tag" => Meddler.Flip(content, -1),
        _ => Meddler.Cut(content, 1),
    };

    private static void Replace(HttpRequestMessage request, string header, string value)
    {
        request.Headers.Remove(header);
        request.Headers.Add(header, value);
    }
}
