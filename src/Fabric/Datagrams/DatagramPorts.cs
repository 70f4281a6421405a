using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// Makes boards of several processes exchange datagrams. They are connected by streams already: over these each tells the others its port, sealed,
/// and from then on they carry nothing and only tell, by closing, that a board has ended. Datagrams have keys of their own, made from the streams'.
/// </summary>
public static class DatagramPorts
{
    private const int PortBytes = sizeof(ushort);

    /// <summary>Opens this board's port, and learns the others'. All boards of the session call this, in any order; it waits for them.</summary>
    /// <param name="board">This board's place in the plan's order.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="names">The boards' names, for messages.</param>
    /// <param name="connections">A connection to every other board, by place, owned from here on; in a star only to and from the head board.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="options">The same on all boards.</param>
    /// <param name="spin">Whether waiting may spin for a short time: only where the step thread has a core of its own.</param>
    /// <param name="timeout">How long another board may take to tell its port.</param>
    /// <param name="onLost">Called once, with the place and the reason, when a board is lost; on the thread that notices, which must not be held up.</param>
    /// <exception cref="StreamConnectException">A board did not tell its port; the message names it.</exception>
    public static DatagramTransport Connect(
        int board, int head, IReadOnlyList<string> names, IReadOnlyList<StreamConnection?> connections, FabricSize size, DatagramOptions options,
        bool spin, TimeSpan timeout, Action<int, string>? onLost = null)
    {
        DatagramSocket? socket = null;
        try
        {
            socket = new DatagramSocket(DatagramSocket.CommonAddress([.. connections.OfType<StreamConnection>().Select(LocalAddress)]));
            foreach (StreamConnection connection in connections.OfType<StreamConnection>())
            {
                Tell(connection, socket.Port);
            }

            SocketAddress?[] addresses = [.. connections.Select((connection, peer) =>
                connection is null ? null : Hear(socket, connection, peer, names[peer], timeout))];
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

    private static void Tell(StreamConnection connection, int port)
    {
        Span<byte> sealedPort = stackalloc byte[PortBytes + FrameCipher.TagBytes];
        Span<byte> clear = stackalloc byte[PortBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(clear, (ushort)port);
        using FrameCipher cipher = new(connection.Keys!.Cipher, connection.Keys.Send);
        cipher.Seal([], clear, sealedPort);
        connection.Socket.Blocking = true;

        // Few bytes on a new connection: the system takes them at once. A broken connection shows when the answer is read.
        connection.Socket.Send(sealedPort, SocketFlags.None, out _);
    }

    // Where the board's datagrams come from: the address of the connection, and the port that it tells.
    private static SocketAddress Hear(DatagramSocket socket, StreamConnection connection, int peer, string name, TimeSpan timeout)
    {
        Span<byte> sealedPort = stackalloc byte[PortBytes + FrameCipher.TagBytes];
        try
        {
            connection.Socket.ReceiveTimeout = (int)timeout.TotalMilliseconds;
            for (int at = 0; at < sealedPort.Length;)
            {
                int count = connection.Socket.Receive(sealedPort[at..]);
                at += count > 0 ? count : throw new SocketException((int)SocketError.ConnectionReset);
            }

            using FrameCipher cipher = new(connection.Keys!.Cipher, connection.Keys.Receive);
            return cipher.TryOpen([], sealedPort)
                ? socket.AddressOf(((IPEndPoint)connection.Socket.RemoteEndPoint!).Address, BinaryPrimitives.ReadUInt16LittleEndian(sealedPort))
                : throw new StreamConnectException(peer, $"Board {name} told no port for datagrams: what it sent did not open. Run the same version on all boards.");
        }
        catch (SocketException fault)
        {
            throw new StreamConnectException(
                peer, $"Board {name} did not tell its port for datagrams: {fault.Message}. Check that it runs, with the same version.", fault);
        }
    }
}
