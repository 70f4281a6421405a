using System.Globalization;
using System.Net;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Tests.Transport;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Boards on sockets of the loopback, a step thread each, with an <see cref="ImpairingTap"/> between all of them.</summary>
internal sealed class TappedFabric : IDisposable
{
    private readonly DatagramSocket[] _sockets;

    internal TappedFabric(int boards, DatagramOptions options, Impairments impairments, int seed = 1)
    {
        _sockets = [.. Enumerable.Range(0, boards).Select(_ => new DatagramSocket(IPAddress.Loopback))];
        Tap = new ImpairingTap([.. _sockets.Select(socket => socket.Port)], impairments, seed);
        Fabric = new SteppedFabric(boards, connect: size => Connect(size, options));
    }

    internal ImpairingTap Tap { get; }

    internal SteppedFabric Fabric { get; }

    internal IReadOnlyList<DatagramTransport> Ends => [.. Fabric.Ends.Cast<DatagramTransport>()];

    internal IReadOnlyList<LinkStatistics> Links => [.. Ends.SelectMany(end => end.Statistics())];

    /// <summary>Datagrams that the tap has sent on to a board.</summary>
    internal long ForwardedTo(int board) => Tap.ForwardedTo(board);

    internal int PortOf(int board) => _sockets[board].Port;

    /// <summary>Datagrams that came to a board's port and found no room in its buffer, as the system counts them.</summary>
    internal long DroppedAt(int board)
    {
        string port = PortOf(board).ToString("X4", CultureInfo.InvariantCulture);
        return File.ReadLines("/proc/net/udp").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns[1].EndsWith(":" + port, StringComparison.Ordinal))
            .Sum(columns => long.Parse(columns[^1], CultureInfo.InvariantCulture));
    }

    /// <summary>Walks steps, and compares every total, checksum and logit with what it must be.</summary>
    internal void Walk(int steps) => WalkOn(0, steps);

    /// <summary>Walks more steps.</summary>
    /// <param name="done">Steps walked before.</param>
    /// <param name="steps">Steps to walk.</param>
    internal void WalkOn(int done, int steps) => SteppedWalk.Run(Fabric, steps, seed: 0, (board, step, stage, _, residual, expected) => Assert.True(
        SteppedWalk.Bits(expected).SequenceEqual(SteppedWalk.Bits(residual)), $"Board {board}, step {step}, stage {stage}: the total differs."), done, isLast: false);

    public void Dispose()
    {
        Fabric.Dispose();
        Tap.Dispose();
    }

    private List<ITransport> Connect(FabricSize size, DatagramOptions options)
    {
        string[] names = [.. Enumerable.Range(0, size.BoardCount).Select(board => $"b{board}")];
        DatagramKeys?[][] keys = VirtualFabric.Keys(size.BoardCount, options.Topology, FrameCipherKind.AesGcm);
        List<ITransport> ends = [.. names.Select((_, board) => new DatagramTransport(
            board, 0, names, keys[board], size, options, spin: false, waitsForRoom: true, Pump(board), onLost: null))];
        Tap.Start();
        return ends;
    }

    private DatagramPump Pump(int board)
    {
        DatagramSocket socket = _sockets[board];
        SocketAddress[] addresses = [.. _sockets.Select((_, peer) => socket.AddressOf(IPAddress.Loopback, Tap.Port(board, peer)))];
        return new DatagramPump(socket, addresses, new StreamConnection?[_sockets.Length]);
    }
}
