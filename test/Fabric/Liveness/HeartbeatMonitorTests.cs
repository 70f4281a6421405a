using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

public sealed class HeartbeatMonitorTests : IAsyncLifetime, IAsyncDisposable
{
    private const ulong KeyId = 5;
    private const string Board = "pi-1";

    private static readonly byte[] s_secret = HeartbeatTests.Secret(6);
    private static readonly TimeSpan s_interval = new LivenessOptions().PingInterval;

    private readonly VirtualTime _time = new();
    private readonly HeartbeatMonitor _monitor;
    private readonly HeartbeatResponder _responder = new(IPAddress.Loopback, 0);
    private readonly Lock _lock = new();
    private readonly List<string> _changes = [];

    public HeartbeatMonitorTests()
    {
        _monitor = new HeartbeatMonitor(time: _time);
        _monitor.StateChanged += change =>
        {
            lock (_lock)
            {
                _changes.Add($"{change.Name}: {change.Old} to {change.New}, {change.Reason}");
            }
        };
        _responder.Register(KeyId, s_secret);
    }

    private PeerLiveness Peer => _monitor.TryGet(Board, out PeerLiveness? peer) ? peer : throw new InvalidOperationException("not watched");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _monitor.DisposeAsync();
        await _responder.DisposeAsync();
        Assert.Equal(0, _monitor.HandlerFaults);
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    [Fact]
    public async Task Watch_ProcessThatAnswers_StaysAlive()
    {
        Watch();
        await Until(() => Peer.Pongs == 1, "the first pong");
        for (int ping = 2; ping <= 40; ping++)
        {
            await PingAsync();
            await Until(() => Peer.Pongs == ping, "a pong for each ping");
        }

        PeerLiveness peer = Assert.Single(_monitor.Peers);
        Assert.Equal((LivenessState.Alive, 40, 0, 0, 0d), (peer.State, peer.Pings, peer.Dropped, peer.Refusals, peer.LossShare));
        Assert.Equal(TimeSpan.Zero, peer.Silence);
        Assert.NotNull(peer.RoundTrip);
        Assert.Empty(Changes());
    }

    [Fact]
    public async Task Watch_PortThatCloses_IsDeadAfterTwoRefusals()
    {
        Watch();
        await Until(() => Peer.Pongs == 1, "the first pong");
        await _responder.DisposeAsync();
        await PingAsync();
        await Until(() => Peer.Refusals == 1, "the first refusal");
        Assert.Equal(LivenessState.Alive, Peer.State);
        await PingAsync();
        await Until(() => Changes().Length == 1, "the change");
        Assert.Equal([$"{Board}: Alive to Dead, its port is closed"], Changes());
        long pings = Peer.Pings;
        _time.Pass(s_interval);
        _time.Pass(s_interval);
        Assert.Equal(pings, Peer.Pings);
    }

    [Fact]
    public async Task Watch_FrozenProcess_IsSuspectThenDead()
    {
        Watch();
        await Until(() => Peer.Pongs == 1, "the first pong");
        _responder.Forget(KeyId);
        await PingAsync(times: 20);
        await Until(() => Changes().Length == 2, "two changes");
        Assert.Equal([$"{Board}: Alive to Suspect, silent for 1.0 s", $"{Board}: Suspect to Dead, silent for 5.0 s"], Changes());
        Assert.Equal((20, 1), (Peer.Pings, Peer.Pongs));
        Assert.Equal(16 / 17d, Peer.LossShare, 9); // pings younger than a second may still be answered
    }

    [Fact]
    public async Task Watch_FrozenProcessThatGoesOn_IsAliveAgain()
    {
        Watch();
        await Until(() => Peer.Pongs == 1, "the first pong");
        _responder.Forget(KeyId);
        await PingAsync(times: 12);
        Assert.Equal(LivenessState.Suspect, Peer.State);
        _responder.Register(KeyId, s_secret);
        await PingAsync();
        await Until(() => Changes().Length == 2, "two changes");
        Assert.Equal([$"{Board}: Alive to Suspect, silent for 1.0 s", $"{Board}: Suspect to Alive, it answers again"], Changes());
    }

    [Fact]
    public async Task Watch_OwnPause_KillsNobody()
    {
        Watch();
        await Until(() => Peer.Pongs == 1, "the first pong");
        _responder.Forget(KeyId);
        _time.Pass(TimeSpan.FromMinutes(10));
        await Until(() => Peer.Pings == 2, "the ping after the pause");
        await PingAsync(times: 3);
        Assert.Equal(LivenessState.Alive, Peer.State);
        await PingAsync();
        Assert.Equal(LivenessState.Suspect, Peer.State);
    }

    [Fact]
    public async Task Watch_ForgedAndReplayedPongs_AreDropped()
    {
        using Socket board = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        board.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _monitor.Watch(Board, (IPEndPoint)board.LocalEndPoint!, KeyId, s_secret);
        byte[] datagram = new byte[Heartbeat.Bytes];
        EndPoint head = new IPEndPoint(IPAddress.Any, 0);
        board.ReceiveFrom(datagram, ref head);
        HeartbeatKey key = new(s_secret);
        Assert.True(Heartbeat.TryRead(datagram, HeartbeatKind.Ping, key, out Heartbeat ping));

        byte[] pong = Pong(KeyId, ping.Number, key);
        byte[][] bad =
        [
            datagram,
            Pong(KeyId, ping.Number, new HeartbeatKey(HeartbeatTests.Secret(7))),
            Pong(KeyId + 1, ping.Number, key),
            Pong(KeyId, ping.Number + 1, key),
            Pong(KeyId, ping.Number - (1ul << 32), key),
            [.. pong, 0],
            [],
        ];
        foreach (byte[] forged in bad)
        {
            board.SendTo(forged, head);
        }

        await Until(() => Peer.Dropped == bad.Length, "the forged pongs");
        Assert.Equal(0, Peer.Pongs);
        board.SendTo(pong, head);
        await Until(() => Peer.Pongs == 1, "the true pong");
        board.SendTo(pong, head);
        await Until(() => Peer.Dropped == bad.Length + 1, "the replayed pong");
        Assert.Equal(1, Peer.Pongs);

        await PingAsync(times: 1);
        board.ReceiveFrom(datagram, ref head);
        Assert.True(Heartbeat.TryRead(datagram, HeartbeatKind.Ping, key, out ping));
        _time.Pass(TimeSpan.FromSeconds(6));
        board.SendTo(Pong(KeyId, ping.Number, key), head);
        await Until(() => Peer.Dropped == bad.Length + 2, "the pong that was held back");
    }

    [Fact]
    public async Task ReportLost_IsDeadAtOnce()
    {
        Watch();
        _monitor.ReportLost(Board, "its stream was reset");
        Assert.Equal(LivenessState.Dead, Peer.State);
        _monitor.ReportLost("nobody", "whatever");
        await Until(() => Changes().Length == 1, "the change");
        Assert.Equal([$"{Board}: Alive to Dead, its stream was reset"], Changes());
    }

    [Fact]
    public async Task Watch_DeadProcessAnew_IsAliveUnderTheSameKey()
    {
        Watch();
        await Until(() => Peer.Pongs == 1, "the first pong");
        _monitor.ReportLost(Board, "gone");
        Watch();
        await Until(() => Peer.Pongs == 1, "a pong to the new watch");
        Assert.Equal((LivenessState.Alive, 1), (Peer.State, Peer.Pings));
    }

    [Fact]
    public async Task Unwatch_ForgetsTheProcess()
    {
        Watch();
        Assert.True(_monitor.Unwatch(Board));
        Assert.False(_monitor.Unwatch(Board));
        _monitor.ReportLost(Board, "gone");
        Assert.False(_monitor.TryGet(Board, out _));
        Assert.Empty(_monitor.Peers);
        await _monitor.DisposeAsync();
        Assert.Empty(Changes());
        Assert.Throws<ObjectDisposedException>(Watch);
    }

    [Fact]
    public async Task StateChanged_HandlerThatThrows_StopsNothing()
    {
        HeartbeatMonitor monitor = new(time: _time);
        await using (monitor)
        {
            monitor.StateChanged += _ => throw new InvalidOperationException("as tests want it");
            IPEndPoint endpoint = new(IPAddress.Loopback, _responder.Port);
            monitor.Watch("a", endpoint, KeyId, s_secret);
            monitor.Watch("b", endpoint, KeyId, s_secret);
            monitor.ReportLost("a", "gone");
            monitor.ReportLost("b", "gone");
            await Until(() => monitor.HandlerFaults == 2, "both calls");
        }
    }

    [Theory]
    [InlineData("", 32)]
    [InlineData("a", 31)]
    public void Watch_WrongArguments_AreRefused(string name, int keyBytes) =>
        Assert.Throws<ArgumentException>(() => _monitor.Watch(name, new IPEndPoint(IPAddress.Loopback, 1), 1, new byte[keyBytes]));

    private static byte[] Pong(ulong keyId, ulong echo, HeartbeatKey key)
    {
        byte[] datagram = new byte[Heartbeat.Bytes];
        new Heartbeat(HeartbeatKind.Pong, keyId, 1, echo, 0).Write(datagram, key);
        return datagram;
    }

    private static Task Until(Func<bool> condition, string awaited) => Eventually.True(() => Task.FromResult(condition()), awaited);

    private void Watch() => _monitor.Watch(Board, new IPEndPoint(IPAddress.Loopback, _responder.Port), KeyId, s_secret);

    private string[] Changes()
    {
        lock (_lock)
        {
            return [.. _changes];
        }
    }

    // Each tick is seen through: the loop may otherwise take two for one.
    private async Task PingAsync(int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            long pings = Peer.Pings;
            _time.Pass(s_interval);
            await Until(() => Peer.Pings > pings || Peer.State == LivenessState.Dead, "the next ping");
        }
    }
}
