using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

public sealed class HeartbeatResponderTests
{
    private const ulong KeyId = 42;

    private static readonly byte[] s_secret = HeartbeatTests.Secret(3);
    private static readonly HeartbeatKey s_key = new(s_secret);

    [Fact]
    public async Task Ping_KnownKey_IsAnsweredWithItsNumber()
    {
        await using HeartbeatResponder responder = New();
        using Socket caller = Caller(responder);
        Heartbeat first = await AskAsync(caller, 1);
        Heartbeat second = await AskAsync(caller, 2);
        Assert.Equal((1ul, 2ul), (first.Echo, second.Echo));
        Assert.True(second.Number > first.Number);
        await Eventually.True(() => Task.FromResult(responder.Answered == 2), "the count of two answers");
        Assert.Equal(0, responder.Dropped);
    }

    [Fact]
    public async Task Ping_ForgedOrReplayedOrUnknown_IsDropped()
    {
        await using HeartbeatResponder responder = New();
        using Socket caller = Caller(responder);
        await AskAsync(caller, 10);
        byte[][] bad =
        [
            Ping(10),
            Ping(11, key: new HeartbeatKey(HeartbeatTests.Secret(4))),
            Ping(12, keyId: KeyId + 1),
            [.. Ping(13), 0],
            Ping(14)[..^1],
            [],
            RandomNumberGenerator.GetBytes(1200),
        ];
        foreach (byte[] datagram in bad)
        {
            caller.Send(datagram);
        }

        Assert.Equal(15ul, (await AskAsync(caller, 15)).Echo);
        Assert.Equal(bad.Length, responder.Dropped);
    }

    [Fact]
    public async Task Register_SameKeyAgain_StillKnowsItsNumbers()
    {
        await using HeartbeatResponder responder = New();
        using Socket caller = Caller(responder);
        await AskAsync(caller, 10);
        responder.Register(KeyId, s_secret);
        caller.Send(Ping(10));
        await AskAsync(caller, 11);
        Assert.Equal(1, responder.Dropped);
    }

    [Fact]
    public async Task Register_AnotherKey_ReplacesTheFirst()
    {
        await using HeartbeatResponder responder = New();
        using Socket caller = Caller(responder);
        await AskAsync(caller, 10);
        byte[] secret = HeartbeatTests.Secret(9);
        responder.Register(KeyId, secret);
        caller.Send(Ping(11));
        Assert.Equal(1ul, (await AskAsync(caller, 1, new HeartbeatKey(secret))).Echo);
        Assert.Equal(1, responder.Dropped);
    }

    [Fact]
    public async Task SilentFor_TellsWhenTheHeadWasLastHeard()
    {
        VirtualTime time = new();
        await using HeartbeatResponder responder = New(time);
        using Socket caller = Caller(responder);
        Assert.Null(responder.SilentFor(7));
        Assert.Null(responder.LastHeard(KeyId));
        PassInTicks(time, 2000);
        Assert.Equal(2, responder.SilentFor(KeyId)?.TotalSeconds);
        DateTimeOffset asked = time.GetUtcNow();
        await AskAsync(caller, 1);
        Assert.Equal(TimeSpan.Zero, responder.SilentFor(KeyId));
        PassInTicks(time, 3000);
        Assert.Equal(3, responder.SilentFor(KeyId)?.TotalSeconds);
        Assert.Equal(asked, responder.LastHeard(KeyId));
        Assert.True(responder.Forget(KeyId));
        Assert.False(responder.Forget(KeyId));
        Assert.Null(responder.SilentFor(KeyId));
    }

    [Fact]
    public async Task SilentFor_AfterAPauseOfItsOwn_CountsAnew()
    {
        VirtualTime time = new();
        await using HeartbeatResponder responder = New(time);
        time.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(TimeSpan.Zero, responder.SilentFor(KeyId));
        PassInTicks(time, 2000);
        Assert.Equal(2, responder.SilentFor(KeyId)?.TotalSeconds);
    }

    [Fact]
    public async Task Construct_PortInUse_NamesIt()
    {
        await using HeartbeatResponder responder = new(IPAddress.Loopback, 0);
        IOException fault = Assert.Throws<IOException>(() => new HeartbeatResponder(IPAddress.Loopback, responder.Port));
        Assert.Contains($"127.0.0.1 port {responder.Port}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DisposeAsync_Twice_EndsOnce()
    {
        HeartbeatResponder responder = new(IPAddress.IPv6Loopback, 0);
        await responder.DisposeAsync();
        await responder.DisposeAsync();
    }

    private static HeartbeatResponder New(TimeProvider? time = null)
    {
        HeartbeatResponder responder = new(IPAddress.Loopback, 0, time);
        responder.Register(KeyId, s_secret);
        return responder;
    }

    private static Socket Caller(HeartbeatResponder responder)
    {
        Socket caller = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        caller.Connect(new IPEndPoint(IPAddress.Loopback, responder.Port));
        return caller;
    }

    private static byte[] Ping(ulong number, HeartbeatKey? key = null, ulong keyId = KeyId)
    {
        byte[] datagram = new byte[Heartbeat.Bytes];
        new Heartbeat(HeartbeatKind.Ping, keyId, number, 0, 0).Write(datagram, key ?? s_key);
        return datagram;
    }

    private static async Task<Heartbeat> AskAsync(Socket caller, ulong number, HeartbeatKey? key = null)
    {
        caller.Send(Ping(number, key));
        byte[] answer = new byte[Heartbeat.Bytes + 1];
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        int count = await caller.ReceiveAsync(answer, limit.Token);
        Assert.True(Heartbeat.TryRead(answer.AsSpan(0, count), HeartbeatKind.Pong, key ?? s_key, out Heartbeat pong));
        return pong;
    }

    private static void PassInTicks(VirtualTime time, int milliseconds)
    {
        for (int passed = 0; passed < milliseconds; passed += 250)
        {
            time.Pass(TimeSpan.FromMilliseconds(250));
        }
    }
}
