using System.Net;
using System.Security.Cryptography;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Datagrams;

/// <summary>Connects boards of one process through UDP on the loopback: what boards on a network pay for sockets, seals and rounding, without the network.</summary>
public static class LoopbackDatagrams
{
    /// <summary>Makes each board's end, in the order of <paramref name="names"/>.</summary>
    /// <param name="names">The boards' names.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="options">Topology, wire type and policy.</param>
    public static IReadOnlyList<ITransport> Connect(IReadOnlyList<string> names, int head, FabricSize size, DatagramOptions options)
    {
        int count = names.Count;
        FrameCipherKind cipher = FrameCipherMeter.Fastest();
        DatagramKeys?[][] keys = [.. names.Select(_ => new DatagramKeys?[count])];
        for (int a = 0; a < count; a++)
        {
            for (int b = a + 1; b < count; b++)
            {
                if (options.Topology != Topology.Star || a == head || b == head)
                {
                    LinkKeys link = new(cipher, RandomNumberGenerator.GetBytes(AeadCipher.KeyBytes), RandomNumberGenerator.GetBytes(AeadCipher.KeyBytes));
                    keys[a][b] = DatagramKeys.Of(link);
                    keys[b][a] = new DatagramKeys(cipher, keys[a][b]!.Receive, keys[a][b]!.Send);
                }
            }
        }

        // One thread may step several of these boards: it must not wait with one for what only another can send, and nobody may spin.
        DatagramSocket[] sockets = [.. names.Select(_ => new DatagramSocket(IPAddress.Loopback))];
        return [.. sockets.Select((socket, board) => new DatagramTransport(
            board, head, names, keys[board], size, options, spin: false, waitsForRoom: false,
            new DatagramPump(socket, [.. sockets.Select(other => socket.AddressOf(IPAddress.Loopback, other.Port))], new StreamConnection?[count]), onLost: null))];
    }
}
