using System.Net;
using System.Net.Sockets;

namespace Halo.Fabric.Datagrams.Sockets;

/// <summary>
/// Several datagrams a system call: those for one receiver that follow each other go through the system's stack as one, and come out of it as one where
/// they stayed together. On the wire nothing is different.
/// </summary>
internal sealed class BatchPath : IDatagramPath
{
    private readonly BatchSender _sender;
    private readonly BatchReceiver _receiver;

    private BatchPath(Socket socket)
    {
        _sender = new BatchSender(socket.SafeHandle);
        _receiver = new BatchReceiver(socket.SafeHandle);
    }

    public bool HoldsDatagrams => _receiver.HoldsDatagrams;

    /// <summary>The path of a port, or null where the system cannot do it.</summary>
    /// <param name="socket">The port; not blocking.</param>
    internal static BatchPath? TryCreate(Socket socket)
    {
        if (!Linux.IsHere)
        {
            return null;
        }

        try
        {
            socket.SetRawSocketOption(Linux.Udp, Linux.Coalesce, BitConverter.GetBytes(1));
            return new BatchPath(socket);
        }
        catch (SocketException)
        {
            return null; // a kernel before 5.0
        }
    }

    public void Send(ReadOnlySpan<byte> datagram, SocketAddress receiver) => _sender.Send(datagram, receiver);

    public void Flush() => _sender.Flush();

    public bool TryReceive(out Span<byte> datagram) => _receiver.TryReceive(out datagram);
}
