using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Probes;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Tests.Datagrams.Probes;

/// <summary>Probes over real sockets of the loopback. A board is out of reach where its port is bound at another address than that of its streams.</summary>
public sealed class DatagramProbeTests
{
    private static readonly ProbeLimits s_limits = new(TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(300));

    [Fact]
    public async Task Run_NothingIsBlocked_GivesWhereTheOthersListen()
    {
        using Boards boards = new("127.0.0.1", "127.0.0.2", "127.0.0.3");

        SocketAddress?[][] found = await boards.RunAllAsync(new ProbeLimits(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20)));

        for (int board = 0; board < 3; board++)
        {
            for (int other = 0; other < 3; other++)
            {
                Assert.Equal(board == other ? null : boards.Sockets[board].AddressOf(IPAddress.Parse(boards.Addresses[other]), boards.Sockets[other].Port), found[board][other]);
            }
        }
    }

    [Fact]
    public async Task Run_FirstProbesAreLost_LaterOnesPass()
    {
        using Boards boards = new("127.0.0.1", "127.0.0.2");
        boards.Dial(from: 0, to: 1, at: "127.0.0.7");
        using Socket filter = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        filter.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.7"), boards.Sockets[1].Port));

        Task<SocketAddress?[][]> running = boards.RunAllAsync(new ProbeLimits(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20)));
        byte[] probe = new byte[ProbeFormat.Bytes];
        for (int lost = 0; lost < 4; lost++)
        {
            await filter.ReceiveAsync(probe);
        }

        Assert.False(running.IsCompleted);
        await filter.SendToAsync(probe, new IPEndPoint(IPAddress.Parse("127.0.0.2"), boards.Sockets[1].Port));
        await running;
    }

    [Fact]
    public async Task Run_BlockedOneWay_BothSayWhichWayAndWhichPort()
    {
        using Boards boards = new("127.0.0.1", "127.0.0.2");
        int port = boards.Move(1, "127.0.0.9");

        DatagramsBlockedException[] faults = [.. (await boards.FaultsAsync(s_limits)).Cast<DatagramsBlockedException>()];

        string expected = $"UDP is blocked from board b0 to board b1: open UDP port {port} ";
        Assert.StartsWith(expected + "there", faults[0].Message, StringComparison.Ordinal);
        Assert.StartsWith(expected + "here", faults[1].Message, StringComparison.Ordinal);
        Assert.Equal([1, 0], faults.Select(fault => fault.Place));
        Assert.All(faults, fault => Assert.True(fault.InvolvesHead));
    }

    [Fact]
    public async Task Run_BlockedBothWays_BothSaySo()
    {
        using Boards boards = new("127.0.0.1", "127.0.0.2");
        boards.Move(0, "127.0.0.8");
        boards.Move(1, "127.0.0.9");

        Exception?[] faults = await boards.FaultsAsync(s_limits);

        Assert.All(faults, fault => Assert.StartsWith("UDP is blocked both ways between board b", fault!.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_TwoOfThreeAreApart_OnlyTheySaySoAndTheHeadBoardIsNotOneOfThem()
    {
        using Boards boards = new("127.0.0.1", "127.0.0.2", "127.0.0.3");
        boards.Dial(from: 1, to: 2, at: "127.0.0.7"); // where b2 has no port for datagrams

        Exception?[] faults = await boards.FaultsAsync(s_limits);

        Assert.Null(faults[0]);
        Assert.Equal((2, false), Place(faults[1]));
        Assert.Equal((1, false), Place(faults[2]));

        static (int, bool) Place(Exception? fault) => (Assert.IsType<DatagramsBlockedException>(fault).Place, ((DatagramsBlockedException)fault).InvolvesHead);
    }

    [Fact]
    public async Task Run_SomebodyElseSendsWhatLooksLikeProbes_IsBlockedStill()
    {
        using Boards boards = new("127.0.0.1", "127.0.0.2");
        int port = boards.Move(1, "127.0.0.9");
        byte[] forged = new byte[ProbeFormat.Bytes];
        using AeadCipher cipher = new(FrameCipherKind.AesGcm, new byte[AeadCipher.KeyBytes]);
        uint keyId = DatagramKeys.OfProbes(boards.Keys(1, 0)).Receive.Id;
        ProbeFormat.Write(forged, sender: 0, keyId, number: 1, cipher);
        using Socket stranger = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.SendTo(forged, new IPEndPoint(IPAddress.Parse("127.0.0.9"), port));
        stranger.SendTo(forged.AsSpan(0, 100), SocketFlags.None, new IPEndPoint(IPAddress.Parse("127.0.0.9"), port));

        Assert.All(await boards.FaultsAsync(s_limits), fault => Assert.IsType<DatagramsBlockedException>(fault));
    }

    [Fact]
    public void Run_BoardSaysNothing_IsNamed()
    {
        using Boards boards = new("127.0.0.1", "127.0.0.2");

        StreamConnectException fault = Assert.Throws<StreamConnectException>(() => boards.Run(0, new ProbeLimits(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1))));

        Assert.Equal(1, fault.Place);
        Assert.StartsWith("Board b1 did not tell its port for datagrams: nothing came within 0.1 s", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_PortIsTaken_TakesTheNextOrAnyOrSaysWhich()
    {
        using DatagramSocket first = new(IPAddress.Loopback);
        using DatagramSocket next = new(IPAddress.Loopback, new UdpPort(first.Port, IsRequired: true));
        using DatagramSocket any = new(IPAddress.Loopback, new UdpPort(first.Port, IsRequired: false));
        Assert.InRange(next.Port, first.Port + 1, first.Port + UdpPort.Count - 1);
        Assert.NotEqual(first.Port, any.Port);

        List<DatagramSocket> all = [];
        try
        {
            for (int i = 0; i < UdpPort.Count; i++)
            {
                all.Add(new DatagramSocket(IPAddress.Loopback, new UdpPort(first.Port, IsRequired: true)));
            }

            Assert.Fail("More sockets than ports.");
        }
        catch (IOException fault)
        {
            Assert.Contains($"UDP ports {first.Port} to {first.Port + UdpPort.Count - 1} can be had", fault.Message, StringComparison.Ordinal);
        }
        finally
        {
            all.ForEach(socket => socket.Dispose());
        }
    }

    /// <summary>Boards b0, b1, ... with a stream between each two; b0 is the head.</summary>
    private sealed class Boards : IDisposable
    {
        private readonly StreamConnection?[][] _ends;
        private readonly string[] _names;

        internal Boards(params string[] addresses)
        {
            Addresses = addresses;
            _names = [.. addresses.Select((_, place) => $"b{place}")];
            Sockets = [.. addresses.Select(address => new DatagramSocket(IPAddress.Parse(address)))];
            _ends = [.. addresses.Select(_ => new StreamConnection?[addresses.Length])];
            for (int from = 0; from < addresses.Length; from++)
            {
                for (int to = from + 1; to < addresses.Length; to++)
                {
                    Dial(from, to, addresses[to]);
                }
            }
        }

        internal string[] Addresses { get; }

        internal DatagramSocket[] Sockets { get; }

        internal LinkKeys Keys(int board, int other) => _ends[board][other]!.Keys!;

        /// <summary>Binds a board's port for datagrams at another address, where nobody sends them; returns its port.</summary>
        internal int Move(int board, string address)
        {
            Sockets[board].Dispose();
            Sockets[board] = new DatagramSocket(IPAddress.Parse(address));
            return Sockets[board].Port;
        }

        /// <summary>Connects two boards by a stream, in the place of the one before.</summary>
        internal void Dial(int from, int to, string at)
        {
            _ends[from][to]?.Dispose();
            _ends[to][from]?.Dispose();
            using TcpListener listener = new(IPAddress.Parse(at), 0);
            listener.Start();
            Socket dialled = new(SocketType.Stream, ProtocolType.Tcp);
            dialled.Bind(new IPEndPoint(IPAddress.Parse(Addresses[from]), 0));
            dialled.Connect(listener.LocalEndpoint);
            LinkKeys keys = new(FrameCipherKind.AesGcm, RandomNumberGenerator.GetBytes(AeadCipher.KeyBytes), RandomNumberGenerator.GetBytes(AeadCipher.KeyBytes));
            _ends[from][to] = new StreamConnection(dialled, keys);
            _ends[to][from] = new StreamConnection(listener.AcceptSocket(), keys with { Send = keys.Receive, Receive = keys.Send });
        }

        internal SocketAddress?[] Run(int board, ProbeLimits limits)
        {
            using DatagramProbe probe = new(board, 0, _names, _ends[board], Sockets[board], limits);
            return probe.Run();
        }

        internal Task<SocketAddress?[][]> RunAllAsync(ProbeLimits limits) => Task.WhenAll(Enumerable.Range(0, Addresses.Length).Select(board =>
            Task.Factory.StartNew(() => Run(board, limits), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        /// <summary>Runs all boards; the fault of each, null where it has none.</summary>
        internal Task<Exception?[]> FaultsAsync(ProbeLimits limits) => Task.WhenAll(Enumerable.Range(0, Addresses.Length).Select(board =>
            Task.Factory.StartNew<Exception?>(() => Record.Exception(() => Run(board, limits)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        public void Dispose()
        {
            Array.ForEach(Sockets, socket => socket.Dispose());
            foreach (StreamConnection? end in _ends.SelectMany(ends => ends))
            {
                end?.Dispose();
            }
        }
    }
}
