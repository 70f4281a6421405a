using System.Net;
using System.Net.Sockets;
using System.Text;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Tests.Streams.Sessions;

public sealed class StreamConnectorTests
{
    [Theory]
    [InlineData(Topology.Mesh, 0)]
    [InlineData(Topology.Mesh, 2)]
    [InlineData(Topology.Star, 0)]
    [InlineData(Topology.Star, 2)]
    public async Task ConnectAsync_FourBoards_GivesEveryPairItsKeyedLink(Topology topology, int head)
    {
        StreamListener?[] listeners = [.. Enumerable.Range(0, 4).Select(place => place == head ? null : MadeSessions.Listen())];
        IReadOnlyList<StreamConnection?>[] ends = await MadeSessions.ConnectAll(MadeSessions.Roster(MadeSessions.Session(), topology, listeners, head), listeners);
        for (int a = 0; a < 4; a++)
        {
            for (int b = 0; b < 4; b++)
            {
                bool linked = a != b && (topology == Topology.Mesh || a == head || b == head);
                Assert.Equal(linked, ends[a][b] is not null);
                Assert.Equal(ends[a][b]?.Keys!.Send, ends[b][a]?.Keys!.Receive);
            }
        }

        MadeSessions.Dispose(ends.SelectMany(end => end));
        MadeSessions.Dispose(listeners);
    }

    [Fact]
    public async Task ConnectAsync_BoardThatIsToldLater_IsWaitedFor()
    {
        using StreamListener listener = MadeSessions.Listen();
        StreamRoster roster = MadeSessions.Roster(MadeSessions.Session(), Topology.Star, [null, listener]);
        Task<IReadOnlyList<StreamConnection?>> head = new StreamConnector(roster, 0, null).ConnectAsync();
        await Eventually.True(() => Task.FromResult(listener.Refused(StreamRefusal.NotExpected) > 0), "the first attempt");
        IReadOnlyList<StreamConnection?> board = await new StreamConnector(roster, 1, listener).ConnectAsync();
        MadeSessions.Dispose([.. await head, .. board]);
    }

    [Fact]
    public async Task ConnectAsync_BoardThatIsNeverTold_NamesIt()
    {
        using StreamListener listener = MadeSessions.Listen();
        StreamRoster roster = MadeSessions.Roster(MadeSessions.Session(), Topology.Star, [null, listener]);
        StreamTimeouts patient = new() { All = TimeSpan.FromSeconds(1) }; // at least one attempt must be answered
        await AssertFault(new StreamConnector(roster, 0, null, patient), 1, $"Board b1 (127.0.0.1:{listener.EndPoint.Port}) does not expect this session");
    }

    [Fact]
    public async Task ConnectAsync_BoardThatDoesNotCome_IsNamedAndLinksAreClosed()
    {
        StreamListener?[] listeners = [null, MadeSessions.Listen(), MadeSessions.Listen()];
        StreamRoster roster = MadeSessions.Roster(MadeSessions.Session(), Topology.Mesh, listeners);
        Task<IReadOnlyList<StreamConnection?>> head = Task.Run(() => new StreamConnector(roster, 0, null).ConnectAsync());

        // Board 2 never starts: board 1 waits for it in vain, and the head board is refused.
        await AssertFault(new StreamConnector(roster, 1, listeners[1], Short), 2, "Board b2 did not connect to board b1 within 0.3 s");
        listeners[2]!.Dispose();
        StreamConnectException fault = await Assert.ThrowsAsync<StreamConnectException>(() => head);
        Assert.Equal(2, fault.Place);
        listeners[1]!.Dispose();
    }

    [Fact]
    public async Task ConnectAsync_NobodyListens_NamesBoardAndAddress()
    {
        StreamListener gone = MadeSessions.Listen();
        gone.Dispose();
        StreamRoster roster = MadeSessions.Roster(MadeSessions.Session(), Topology.Star, [null, gone]);
        await AssertFault(new StreamConnector(roster, 0, null), 1, $"Board b1 (127.0.0.1:{gone.EndPoint.Port}) cannot be reached: ");
    }

    [Fact]
    public async Task ConnectAsync_BoardThatAcceptsAndIsSilent_EndsWithTheDialTimeout()
    {
        using Socket silent = Silent(out StreamRoster roster);
        VirtualTime time = new();
        Task<IReadOnlyList<StreamConnection?>> head = Task.Run(() => new StreamConnector(roster, 0, null, time: time).ConnectAsync());
        using Socket peer = await silent.AcceptAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        StreamConnectException fault = await Assert.ThrowsAsync<StreamConnectException>(() => head);
        Assert.Contains("did not answer within 5 s", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_Cancelled_EndsAtOnce()
    {
        using Socket silent = Silent(out StreamRoster roster);
        using CancellationTokenSource cancel = new();
        Task<IReadOnlyList<StreamConnection?>> head = Task.Run(() => new StreamConnector(roster, 0, null).ConnectAsync(cancel.Token));
        using Socket peer = await silent.AcceptAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => head);
    }

    [Fact]
    public async Task ConnectAsync_BoardWithAnotherSecret_IsNamed()
    {
        using StreamListener listener = MadeSessions.Listen();
        using StreamExpectation expectation = listener.Expect(MadeSessions.Session(2), 1, [0]);
        StreamRoster roster = MadeSessions.Roster(MadeSessions.Session(1), Topology.Star, [null, listener]);
        await AssertFault(new StreamConnector(roster, 0, null), 1, "did not prove that it belongs to this session");
        Assert.False(expectation.LinkFrom(0).IsCompleted);
    }

    [Fact]
    public async Task ConnectAsync_BoardOfAnotherVersion_IsNamedWithBothVersions()
    {
        byte[] preface = new byte[HandshakeFormat.PrefaceBytes];
        HandshakeFormat.WritePreface(preface, HandshakeKind.Refused, (byte)StreamRefusal.WrongVersion, version: 2);
        await AssertAnswer(preface, "speaks stream version 2, this one 1: install the same version on all boards.");
    }

    [Fact]
    public async Task ConnectAsync_SomethingElseListens_SaysSo() =>
        await AssertAnswer(Encoding.ASCII.GetBytes("SSH-2.0-OpenSSH_9.6\r\n"), "does not answer as a board does; check the address.");

    [Fact]
    public async Task ConnectAsync_AlteredAnswer_IsRefusedAtEveryPosition()
    {
        using Socket silent = Silent(out StreamRoster roster);
        for (int at = HandshakeFormat.PrefaceBytes - 1; at < HandshakeFormat.AnswerBytes; at++)
        {
            Task<IReadOnlyList<StreamConnection?>> head = Task.Run(() => new StreamConnector(roster, 0, null).ConnectAsync());
            using Socket peer = await silent.AcceptAsync();
            byte[] answer = new AcceptorHandshake(roster.Session, MadeSessions.Read(peer, HandshakeFormat.HelloBytes), MadeSessions.Nonce(9)).Answer.ToArray();
            answer[at] ^= 1;
            peer.Send(answer);
            await Assert.ThrowsAsync<StreamConnectException>(() => head);
        }
    }

    [Fact]
    public void Constructor_DialedBoardWithoutListener_Throws()
    {
        using StreamListener listener = MadeSessions.Listen();
        StreamRoster roster = MadeSessions.Roster(MadeSessions.Session(), Topology.Star, [null, listener]);
        Assert.Throws<ArgumentException>(() => new StreamConnector(roster, 1, null));
    }

    private static StreamTimeouts Short => new() { All = TimeSpan.FromSeconds(0.3) };

    private static Socket Silent(out StreamRoster roster)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        roster = new StreamRoster(
            MadeSessions.Session(), 0, Topology.Star, [new StreamPeer("b0", "", 0), new StreamPeer("b1", "127.0.0.1", ((IPEndPoint)socket.LocalEndPoint!).Port)]);
        return socket;
    }

    private static async Task AssertAnswer(byte[] answer, string message)
    {
        using Socket silent = Silent(out StreamRoster roster);
        Task fault = AssertFault(new StreamConnector(roster, 0, null), 1, message);
        using Socket peer = await silent.AcceptAsync();
        peer.Send(answer);
        await fault;
    }

    private static async Task AssertFault(StreamConnector connector, int place, string message)
    {
        StreamConnectException fault = await Assert.ThrowsAsync<StreamConnectException>(() => connector.ConnectAsync());
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Equal(place, fault.Place);
    }
}
