using System.Text;
using Halo.Boards.Control;

namespace Halo.Boards.Tests.Control;

public sealed class HandshakeTests
{
    [Fact]
    public async Task Connect_WithTheSameKey_WorksFromEitherSide()
    {
        await using ControlHost head = await ControlHost.StartAsync(ControlHost.NewServer("head"));
        await using ControlHost board = await ControlHost.StartAsync();
        using ControlClient down = board.Client(name: "head", instance: head.Server.InstanceId);
        using ControlClient up = head.Client(name: "b2", instance: board.Server.InstanceId);
        ControlSession there = await down.ConnectAsync(default);
        ControlSession back = await up.ConnectAsync(default);
        Assert.Equal(("b2", "head"), (there.Peer.Name, back.Peer.Name));
        Assert.Equal((board.Server.InstanceId, head.Server.InstanceId), (down.PeerInstanceId, up.PeerInstanceId));
        Assert.Equal([new ControlPeer("head", head.Server.InstanceId, there.Peer.Product)], board.Server.Peers);
    }

    [Fact]
    public async Task DeriveKey_AtBothEnds_IsTheSameForALabelAndNoOther()
    {
        ControlServer server = ControlHost.NewServer();
        await using ControlHost host = await ControlHost.StartAsync(server);
        using ControlClient client = host.Client();
        ControlSession near = await client.ConnectAsync(default);
        ControlSession far = server.Find(near.Id)!;
        Assert.Equal(near.DeriveKey("heartbeat head b2", 32), far.DeriveKey("heartbeat head b2", 32));
        Assert.NotEqual(near.DeriveKey("heartbeat head b2", 32), far.DeriveKey("heartbeat b2 head", 32));
        using ControlClient another = host.Client();
        Assert.NotEqual(near.DeriveKey("heartbeat head b2", 32), (await another.ConnectAsync(default)).DeriveKey("heartbeat head b2", 32));
    }

    [Fact]
    public async Task Connect_WithAnotherKey_IsRefusedInWords()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client(key: ClusterKey.FromText("the key of other tests"));
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));
        Assert.Equal((ControlFault.KeysDiffer, 401), (fault.Fault, fault.Status));
        Assert.Contains("the cluster keys differ", fault.Message, StringComparison.Ordinal);
        ControlStatistics seen = host.Server.Statistics;
        Assert.Equal((1, 0, 0), (seen.Refused[ControlRefusal.KeyDiffers], seen.PendingChallenges, seen.Sessions));
    }

    [Theory]
    [InlineData("hello", "product")]
    [InlineData("hello", "name")]
    [InlineData("hello", "instance")]
    [InlineData("hello", "nonce")]
    [InlineData("hello", "mac")]
    [InlineData("finish", "nonce")]
    [InlineData("finish", "publicKey")]
    [InlineData("finish", "ciphers")]
    [InlineData("finish", "mac")]
    public async Task Connect_WhereAMessageIsAltered_IsRefusedByTheServer(string message, string field)
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        wire.OnRequest = request =>
        {
            if (request.RequestUri!.AbsolutePath == "/halo/" + message)
            {
                request.Content = Meddler.Change(request.Content!, field);
            }
        };
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));
        Assert.Equal(401, fault.Status);
        Assert.Equal(0, host.Server.Statistics.Handshakes);
    }

    [Theory]
    [InlineData("hello", "product")]
    [InlineData("hello", "name")]
    [InlineData("hello", "instance")]
    [InlineData("hello", "nonce")]
    [InlineData("hello", "publicKey")]
    [InlineData("hello", "mac")]
    [InlineData("finish", "session")]
    [InlineData("finish", "cipher")]
    [InlineData("finish", "mac")]
    public async Task Connect_WhereAnAnswerIsAltered_IsRefusedByTheClient(string message, string field)
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        wire.OnResponse = response =>
        {
            if (response.RequestMessage!.RequestUri!.AbsolutePath == "/halo/" + message)
            {
                response.Content = Meddler.Change(response.Content, field);
            }
        };
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));
        Assert.Equal((ControlFault.KeysDiffer, 0), (fault.Fault, fault.Status));
        Assert.Null(client.Peer);
    }

    [Fact]
    public async Task Replay_OfHelloAndFinish_GivesNothing()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        Meddler wire = new();
        using ControlClient client = host.Client(wire.Options);
        await client.ConnectAsync(default);
        Assert.Equal(["/halo/hello", "/halo/finish"], wire.Recorded.Select(seen => seen.Target.AbsolutePath));

        using HttpResponseMessage hello = await wire.ReplayAsync(wire.Recorded[0]);
        using HttpResponseMessage finish = await wire.ReplayAsync(wire.Recorded[1]);

        Assert.Equal((200, 401), ((int)hello.StatusCode, (int)finish.StatusCode));
        ControlStatistics seen = host.Server.Statistics;
        Assert.Equal((1, 1, 1), (seen.Handshakes, seen.Sessions, seen.PendingChallenges));
        Assert.Equal(1, seen.Refused[ControlRefusal.ChallengeUnknown]);
    }

    [Fact]
    public void Greet_TheSameHelloAgain_GivesTheSameChallengeAndTakesNoPlace()
    {
        ControlServer server = ControlHost.NewServer();
        using ClientHandshake client = Handshake();
        Assert.Null(server.Greet(client.Hello, out Challenge? first));
        Assert.Null(server.Greet(client.Hello, out Challenge? second));
        Assert.Equal(first, second);
        Assert.Equal(1, server.Statistics.PendingChallenges);
    }

    [Theory]
    [InlineData(9.9, true)]
    [InlineData(10, false)]
    public void Complete_AfterAWhile_WorksFor10Seconds(double seconds, bool works)
    {
        VirtualTime time = new();
        ControlServer server = ControlHost.NewServer(time: time);
        using ClientHandshake client = Handshake();
        server.Greet(client.Hello, out Challenge? challenge);
        Finish finish = client.Answer(challenge!);
        time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(works ? null : ControlRefusal.ChallengeUnknown, server.Complete(finish, out _)?.Reason);
        Assert.Equal(0, server.Statistics.PendingChallenges);
    }

    [Fact]
    public void Complete_ByAStranger_LeavesTheChallengeToItsClient()
    {
        ControlServer server = ControlHost.NewServer();
        using ClientHandshake client = Handshake();
        server.Greet(client.Hello, out Challenge? challenge);
        Finish finish = client.Answer(challenge!);
        Assert.Equal(ControlRefusal.KeyDiffers, server.Complete(finish with { Mac = new byte[32] }, out _)?.Reason);
        Assert.Null(server.Complete(finish, out Welcome? welcome));
        Assert.Equal(welcome!.Session, client.Complete(welcome).Id);
    }

    [Fact]
    public void Greet_MoreThan256_DropsTheOldest()
    {
        ControlServer server = ControlHost.NewServer();
        using ClientHandshake oldest = Handshake();
        using ClientHandshake next = Handshake();
        server.Greet(oldest.Hello, out Challenge? dropped);
        server.Greet(next.Hello, out Challenge? kept);
        for (int i = 0; i < PendingChallenges.Most - 1; i++)
        {
            using ClientHandshake other = Handshake();
            server.Greet(other.Hello, out _);
        }

        Assert.Equal(256, server.Statistics.PendingChallenges);
        Assert.Equal(ControlRefusal.ChallengeUnknown, server.Complete(oldest.Answer(dropped!), out _)?.Reason);
        Assert.Null(server.Complete(next.Answer(kept!), out _));
    }

    [Fact]
    public void Complete_MoreThan64_DropsTheLeastRecentlyUsed()
    {
        VirtualTime time = new();
        ControlServer server = ControlHost.NewServer(time: time);
        string[] sessions = [.. Enumerable.Range(0, SessionTable.Most).Select(_ => Shake(server, time))];
        server.TryTake(server.Find(sessions[0])!, 1);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Shake(server, time);
        Assert.Equal(64, server.Statistics.Sessions);
        Assert.NotNull(server.Find(sessions[0]));
        Assert.Null(server.Find(sessions[1]));
    }

    [Fact]
    public async Task Connect_ToAnotherVersion_SaysSoAtBothEnds()
    {
        ControlServer server = new(ControlHost.Key, "b2", "b2-1", TimeProvider.System) { Version = new ControlVersion(2, "0.3") };
        await using ControlHost host = await ControlHost.StartAsync(server);
        using ControlClient client = host.Client(
            new ControlClientOptions { Version = new ControlVersion(1, "0.2") }, ClusterKey.FromText("a key of another format"));
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));
        string address = host.Address.GetLeftPart(UriPartial.Authority);
        Assert.Equal(ControlFault.VersionsDiffer, fault.Fault);
        Assert.Equal(
            $"{address}: board b2 ({address}) speaks control protocol 2 (Halo 0.3), this one 1 (Halo 0.2): install the same version on all boards",
            fault.Message);
        Assert.Equal(
            "board head (127.0.0.1) speaks control protocol 1 (Halo 0.2), this one 2 (Halo 0.3): install the same version on all boards", fault.Reason);
    }

    [Fact]
    public void Answer_ToAChallengeOfAnotherVersion_SaysSo()
    {
        using ClientHandshake client = Handshake();
        Challenge challenge = new(9, "9.9\nx", "b2", "b2-1", [], [], []);
        ControlException fault = Assert.Throws<ControlException>(() => client.Answer(challenge));
        Assert.Contains("board b2 (http://b2:7070) speaks control protocol 9 (Halo 9.9?x), this one 1", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"protocol":1}""")]
    [InlineData("""{"protocol":1,"product":"x","name":null,"instance":"y","nonce":"","mac":""}""")]
    [InlineData("""{"nonce":"","publicKey":"","ciphers":[null],"mac":""}""")]
    public async Task Handshake_OfNonsense_IsRefusedAs400(string body)
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using HttpClient http = new() { BaseAddress = host.Address };
        foreach (string path in new[] { "/halo/hello", "/halo/finish" })
        {
            using ByteArrayContent content = new(Encoding.UTF8.GetBytes(body));
            using HttpResponseMessage response = await http.PostAsync(path, content);
            Assert.Equal(400, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task Connect_ToABoardOfAnotherName_IsRefusedBeforeThereIsASession()
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client(new ControlClientOptions { ExpectedName = "b3" });
        ControlException fault = await Assert.ThrowsAsync<ControlException>(() => client.ConnectAsync(default));
        Assert.Equal(ControlFault.WrongPeer, fault.Fault);
        Assert.Contains("board b2 is there, not b3", fault.Message, StringComparison.Ordinal);
        Assert.Equal(0, host.Server.Statistics.Handshakes);
    }

    [Theory]
    [InlineData(4000, 1500, 60, 300, ControlCipher.ChaCha20Poly1305)]
    [InlineData(4000, 1500, 2000, 700, ControlCipher.Aes256Gcm)]
    [InlineData(60, 300, 60, 300, ControlCipher.ChaCha20Poly1305)]
    public void Choose_OfTwoCiphers_TakesTheCheaperForBoth(int ownAes, int ownChaCha, int aes, int chacha, ControlCipher expected)
    {
        CipherSpeed[] own = [new("aes-256-gcm", ownAes), new("chacha20-poly1305", ownChaCha)];
        CipherSpeed[] theirs = [new("a-later-one", 9999), new("aes-256-gcm", aes), new("chacha20-poly1305", chacha)];
        Assert.Equal(expected, CipherSpeeds.Choose(own, theirs));
        Assert.Null(CipherSpeeds.Choose(own, [new("a-later-one", 9999)]));
    }

    [Theory]
    [InlineData("aes-256-gcm", ControlCipher.Aes256Gcm)]
    [InlineData("chacha20-poly1305", ControlCipher.ChaCha20Poly1305)]
    public async Task Send_WithEitherCipher_Works(string name, ControlCipher cipher)
    {
        await using ControlHost host = await ControlHost.StartAsync();
        using ControlClient client = host.Client(new ControlClientOptions { Ciphers = [new(name, 100)] });
        Assert.Equal(3, (await client.SendAsync(HttpMethod.Post, "/control/echo", new byte[3], default)).Body.Length);
        Assert.Equal(cipher, (await client.ConnectAsync(default)).Cipher);
    }

    private static ClientHandshake Handshake() =>
        new(new Uri("http://b2:7070"), ControlHost.Key, "head", "head-1", ControlVersion.Current, CipherSpeeds.Measured);

    private static string Shake(ControlServer server, VirtualTime time)
    {
        time.Advance(TimeSpan.FromMilliseconds(1));
        using ClientHandshake client = Handshake();
        server.Greet(client.Hello, out Challenge? challenge);
        server.Complete(client.Answer(challenge!), out Welcome? welcome);
        return client.Complete(welcome!).Id;
    }
}
