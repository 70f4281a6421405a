using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Streams;

/// <summary>
/// Connects boards of one process through TCP on the loopback: what boards on a network pay for sockets and for rounding, without the network.
/// </summary>
public static class LoopbackStreams
{
    /// <summary>Makes each board's end, in the order of <paramref name="names"/>.</summary>
    /// <param name="names">The boards' names.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="options">Topology and wire type.</param>
    public static IReadOnlyList<ITransport> Connect(IReadOnlyList<string> names, int head, FabricSize size, StreamOptions options)
    {
        StreamConnection?[][] ends = [.. names.Select(_ => new StreamConnection?[names.Count])];
        for (int a = 0; a < names.Count; a++)
        {
            for (int b = a + 1; b < names.Count; b++)
            {
                if (options.Topology != Topology.Star || a == head || b == head)
                {
                    (Socket one, Socket other) = LoopbackPair();
                    (ends[a][b], ends[b][a]) = (new StreamConnection(one, null), new StreamConnection(other, null));
                }
            }
        }

        // One thread may step several of these boards, so each link has a receiver, and receivers share the cores: nobody may spin.
        return [.. ends.Select((own, board) => new StreamTransport(board, head, names, own, size, options, spin: false, pumped: false, onLost: null))];
    }

    /// <summary>Two connected sockets.</summary>
    internal static (Socket A, Socket B) LoopbackPair()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket a = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        a.Connect(listener.LocalEndPoint!);
        while (true)
        {
            // Anybody on this machine may connect to a listening port: only our own other end is taken.
            Socket b = listener.Accept();
            if (b.RemoteEndPoint!.Equals(a.LocalEndPoint))
            {
                return (a, b);
            }

            b.Dispose();
        }
    }
}
