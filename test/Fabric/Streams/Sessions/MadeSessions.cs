using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Tests.Streams.Sessions;

/// <summary>Made-up sessions, and boards with ports of their own on the loopback.</summary>
internal static class MadeSessions
{
    internal static StreamSession Session(byte seed = 1, FrameCipherKind cipher = FrameCipherKind.AesGcm) =>
        new(new Guid(7, 0, 0, new byte[8]), Enumerable.Repeat(seed, StreamSession.SecretBytes).ToArray(), cipher);

    internal static byte[] Nonce(byte seed) => [.. Enumerable.Range(0, HandshakeFormat.NonceBytes).Select(i => (byte)(seed * 31 + i))];

    internal static StreamListener Listen(TimeProvider? time = null) => new(new IPEndPoint(IPAddress.Loopback, 0), time: time);

    internal static StreamRoster Roster(StreamSession session, Topology topology, IReadOnlyList<StreamListener?> listeners, int head = 0) => new(
        session, head, topology, [.. listeners.Select((listener, place) => new StreamPeer($"b{place}", "127.0.0.1", listener?.EndPoint.Port ?? 0))]);

    /// <summary>A plain connection to a listener, as anybody can make one.</summary>
    internal static Socket Connect(StreamListener listener)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        socket.Connect(listener.EndPoint);
        return socket;
    }

    /// <summary>Reads until the buffer is full or the other end has closed; returns what came.</summary>
    internal static byte[] Read(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        int at = 0;
        try
        {
            for (int read = -1; at < count && read != 0; at += read)
            {
                read = socket.Receive(bytes, at, count - at, SocketFlags.None);
            }
        }
        catch (SocketException fault) when (fault.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Closed with bytes unread.
        }

        return bytes[..at];
    }

    /// <summary>Connects all boards of a roster with each other, each by a task of its own.</summary>
    internal static async Task<IReadOnlyList<StreamConnection?>[]> ConnectAll(StreamRoster roster, IReadOnlyList<StreamListener?> listeners) =>
        await Task.WhenAll(listeners.Select((listener, place) => Task.Run(() => new StreamConnector(roster, place, listener).ConnectAsync())));

    internal static void Dispose(params IEnumerable<IDisposable?> items)
    {
        foreach (IDisposable? item in items)
        {
            item?.Dispose();
        }
    }
}
