using System.Net;
using System.Net.Sockets;
using Halo.Boards.Control;
using Halo.Boards.Peers;
using Halo.Boards.Remote;
using Halo.Inference.Model;

namespace Halo.Boards.Tests.Peers;

/// <summary>What becomes of requests to boards that restart, move, go, or are strangers.</summary>
public sealed class PeerBoardsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void Find_WithoutAnAddress_IsNull()
    {
        using PeerBoards peers = new(_ => null, Client, (_, _) => { });
        Assert.Null(peers.Find("b9"));
        peers.Refresh();
        Assert.Null(peers.Find("b9"));
    }

    [Fact]
    public void Find_WhileTheAddressStays_IsOnePeerAndAnotherWhenItChanges()
    {
        using Silent silent = new();
        int clients = 0;
        PeerAddress address = silent.Address;
        using PeerBoards peers = new(_ => address, uri => Count(Client(uri)), (_, _) => { });
        IBoardPeer first = peers.Find("b1")!;
        Assert.Same(first, peers.Find("b1"));
        address = address with { };
        Assert.Same(first, peers.Find("b1"));
        Assert.Equal(1, clients);

        address = address with { Instance = "a-later-one" };
        IBoardPeer second = peers.Find("b1")!;
        Assert.NotSame(first, second);
        peers.Refresh();
        Assert.Same(second, peers.Find("b1"));
        Assert.Equal(2, clients);

        ControlClient Count(ControlClient client)
        {
            clients++;
            return client;
        }
    }

    [Fact]
    public void Place_OfAnIPv6Endpoint_HasNoBrackets()
    {
        using PeerBoard peer = new(new PeerAddress("b1", "i", new Uri("http://[fd00::5]:7070"), 7071), Client(new Uri("http://[fd00::5]:7070")), (_, _) => { });
        Assert.Equal(("fd00::5", 7071), (peer.Place.Host, peer.Place.Port));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Refresh_WhileARequestHangs_EndsItWhereItsProcessIsNoMore(bool cameAnew)
    {
        using Silent silent = new();
        List<string> losses = [];
        using PeerBoards peers = Of(silent, losses);
        Task<ModelOffer> asked = AskAsync(peers);
        await silent.Called.WaitAsync(s_patience);
        peers.Refresh();
        Assert.False(asked.IsCompleted); // its process is where it was

        silent.Current = cameAnew ? silent.Address with { Instance = "a-later-one" } : null;
        peers.Refresh();
        BoardLostException fault = await Assert.ThrowsAsync<BoardLostException>(() => asked.WaitAsync(s_patience));
        Assert.Equal("b1", fault.Board);
        Assert.Equal("Board b1 is lost: its silo is gone.", fault.Message);
        Assert.Empty(losses); // a process under its name may well be alive
        Assert.Equal(cameAnew, peers.Find("b1") is not null);
    }

    [Fact]
    public async Task Refresh_WhileABoardIsAtWorkOnARequest_EndsItWhereItsProcessIsNoMore()
    {
        await using PeerCluster cluster = new();
        PeerProcess asked = await cluster.StartAsync("b1", TestPaths.BundledModel);
        TaskCompletionSource sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ControlClientOptions options = new() { Wrap = handler => new Swallowing(PeerPaths.Offer, sent) { InnerHandler = handler } };
        using PeerBoards peers = new(cluster.Find, address => new ControlClient(address, Control.ControlHost.Key, "b2", "i2", options), (_, _) => { });
        Task<ModelOffer> waiting = AskAsync(peers);
        await sent.Task.WaitAsync(s_patience);
        Assert.Equal(1, asked.Server.Statistics.Handshakes);

        cluster.Remove("b1");
        peers.Refresh();
        await Assert.ThrowsAsync<BoardLostException>(() => waiting.WaitAsync(s_patience));
    }

    [Fact]
    public async Task Dispose_WhileRequestsHang_EndsThemAndFindsNobodyAfterwards()
    {
        using Silent silent = new();
        PeerBoards peers = Of(silent, []);
        Task<ModelOffer>[] asked = [.. Enumerable.Range(0, 8).Select(_ => AskAsync(peers))];
        await silent.Called.WaitAsync(s_patience);
        peers.Dispose();
        foreach (Task<ModelOffer> request in asked)
        {
            await Assert.ThrowsAsync<BoardLostException>(() => request.WaitAsync(s_patience));
        }

        Assert.Null(peers.Find("b1"));
        peers.Dispose();
    }

    [Fact]
    public async Task Offer_OfAProcessThatWasRestarted_IsALostBoard()
    {
        await using PeerCluster cluster = new();
        PeerProcess asks = await cluster.StartAsync("b2");
        PeerProcess before = await cluster.StartAsync("b1", TestPaths.BundledModel);
        PeerAddress address = before.Address;
        PeerBoard peer = asks.Peers.Reach("b1")!;
        Assert.Equal(PeerCluster.Model, (await peer.OfferAsync(PeerCluster.Model)).Name);

        await before.DisposeAsync();
        await cluster.StartAsync("b1", TestPaths.BundledModel, port: address.Control.Port);
        cluster.Set(address); // nobody has told of the new one yet
        BoardLostException fault = await Assert.ThrowsAsync<BoardLostException>(() => asks.Peers.Reach("b1")!.OfferAsync(PeerCluster.Model));
        Assert.Equal("Board b1 is lost: it was restarted.", fault.Message);
        Assert.Equal(["Board b1 is lost: it was restarted."], asks.Losses);
        Assert.Same(peer, asks.Peers.Reach("b1"));
    }

    [Fact]
    public async Task Offer_OfAnotherProcessFromTheFirstRequestOn_IsALostBoard()
    {
        await using PeerCluster cluster = new();
        PeerProcess asks = await cluster.StartAsync("b2");
        PeerProcess asked = await cluster.StartAsync("b1", TestPaths.BundledModel);
        cluster.Set(asked.Address with { Instance = "an-earlier-one" });
        BoardLostException fault = await Assert.ThrowsAsync<BoardLostException>(() => asks.Peers.Reach("b1")!.OfferAsync(PeerCluster.Model));
        Assert.Equal("Board b1 is lost: it was restarted.", fault.Message);
        cluster.Set(asked.Address);
        Assert.Equal(PeerCluster.Model, (await asks.Peers.Reach("b1")!.OfferAsync(PeerCluster.Model)).Name);
    }

    [Fact]
    public async Task Offer_OfAProcessThatEnded_IsALostBoard()
    {
        await using PeerCluster cluster = new();
        PeerProcess asks = await cluster.StartAsync("b2");
        PeerProcess asked = await cluster.StartAsync("b1", TestPaths.BundledModel);
        await asked.DisposeAsync();
        BoardLostException fault = await Assert.ThrowsAsync<BoardLostException>(() => asks.Peers.Reach("b1")!.OfferAsync(PeerCluster.Model));
        Assert.Equal([fault.Message], asks.Losses);
    }

    [Fact]
    public async Task Offer_WithAnotherClusterKey_IsRefusedAndNotALoss()
    {
        await using PeerCluster cluster = new();
        PeerProcess asks = await cluster.StartAsync("b2", key: ClusterKey.FromText("another key of the tests"));
        await cluster.StartAsync("b1", TestPaths.BundledModel);
        InvalidOperationException fault = await Assert.ThrowsAsync<InvalidOperationException>(() => asks.Peers.Reach("b1")!.OfferAsync(PeerCluster.Model));
        Assert.Contains("Board b1", fault.Message, StringComparison.Ordinal);
        Assert.Contains("key", fault.Message, StringComparison.Ordinal);
        Assert.Empty(asks.Losses);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("ffn-0-0-999999")]
    public async Task Cut_OfNoPiece_FailsAndIsNotALoss(string piece)
    {
        await using PeerCluster cluster = new();
        PeerProcess asks = await cluster.StartAsync("b2");
        await cluster.StartAsync("b1", TestPaths.BundledModel);
        InvalidOperationException fault = await Assert.ThrowsAsync<InvalidOperationException>(() => asks.Peers.Reach("b1")!.CutAsync(PeerCluster.Model, piece));
        Assert.Contains("Board b1 could not do its part", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StepException>(() => asks.Peers.Reach("b1")!.CutAsync("other", piece));
        Assert.Empty(asks.Losses);
    }

    private static Task<ModelOffer> AskAsync(PeerBoards peers) => peers.Reach("b1")!.OfferAsync(PeerCluster.Model);

    private static PeerBoards Of(Silent silent, List<string> losses) => new(_ => silent.Current, Client, (_, sentence) => losses.Add(sentence));

    private static ControlClient Client(Uri address) => new(address, Control.ControlHost.Key, "b2", "i2");

    /// <summary>Where b1 is said to be: a port that takes connections and says nothing.</summary>
    private sealed class Silent : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        internal Silent()
        {
            _listener.Start();
            Called = _listener.AcceptSocketAsync();
            Current = Address;
        }

        /// <summary>Ends when somebody connects.</summary>
        internal Task<Socket> Called { get; }

        internal PeerAddress? Current { get; set; }

        internal PeerAddress Address => new("b1", "i1", new Uri($"http://{_listener.LocalEndpoint}"), 1);

        public void Dispose()
        {
            if (Called.IsCompletedSuccessfully)
            {
                Called.Result.Dispose();
            }

            _listener.Dispose();
        }
    }
}
