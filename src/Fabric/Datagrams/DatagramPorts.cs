using System.Net;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Probes;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// Makes boards of several processes exchange datagrams. They are connected by streams already: over these each tells the others its port, sealed, and
/// whether their datagrams come; from then on they carry nothing and only tell, by closing, that a board has ended. Datagrams have keys of their own, made from the streams'.
/// </summary>
public static class DatagramPorts
{
    /// <summary>Opens this board's port, learns the others', and proves that datagrams pass. All boards of the session call this, in any order; it waits for them.</summary>
    /// <param name="board">This board's place in the plan's order.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="names">The boards' names, for messages.</param>
    /// <param name="connections">A connection to every other board, by place, owned from here on; in a star only to and from the head board.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="options">The same on all boards.</param>
    /// <param name="spin">Whether waiting may spin for a short time: only where the step thread has a core of its own.</param>
    /// <param name="timeout">How long another board may take to tell its port.</param>
    /// <param name="onLost">Called once, with the place and the reason, when a board is lost; on the thread that notices, which must not be held up.</param>
    /// <param name="port">This board's UDP port; any that is free by default.</param>
    /// <exception cref="StreamConnectException">A board did not tell its port; the message names it.</exception>
    /// <exception cref="DatagramsBlockedException">Datagrams do not pass between this board and another; the message names both.</exception>
    /// <exception cref="IOException">This board's port cannot be had.</exception>
    public static DatagramTransport Connect(
        int board, int head, IReadOnlyList<string> names, IReadOnlyList<StreamConnection?> connections, FabricSize size, DatagramOptions options,
        bool spin, TimeSpan timeout, Action<int, string>? onLost = null, UdpPort port = default)
    {
        DatagramSocket? socket = null;
        try
        {
            socket = new DatagramSocket(DatagramSocket.CommonAddress([.. connections.OfType<StreamConnection>().Select(LocalAddress)]), port);
            using DatagramProbe probe = new(board, head, names, connections, socket, new ProbeLimits(timeout, ProbeLimits.UsualProbes));
            SocketAddress?[] addresses = probe.Run();
            DatagramKeys?[] keys = [.. connections.Select(connection => connection?.Keys is { } link ? DatagramKeys.Of(link) : null)];
            DatagramPump pump = new(socket, addresses, connections);
            return new DatagramTransport(board, head, names, keys, size, options, spin, waitsForRoom: true, pump, onLost);
        }
        catch
        {
            socket?.Dispose();
            foreach (StreamConnection? connection in connections)
            {
                connection?.Dispose();
            }

            throw;
        }
    }

    private static IPAddress LocalAddress(StreamConnection connection) => ((IPEndPoint)connection.Socket.LocalEndPoint!).Address;
}
