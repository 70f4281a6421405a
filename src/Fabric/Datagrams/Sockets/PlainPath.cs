using System.Net;
using System.Net.Sockets;
using Halo.Fabric.Datagrams.Format;

namespace Halo.Fabric.Datagrams.Sockets;

/// <summary>A system call for each datagram: what every system has.</summary>
/// <param name="socket">The port; not blocking.</param>
internal sealed class PlainPath(Socket socket) : IDatagramPath
{
    private readonly byte[] _incoming = GC.AllocateArray<byte>(DatagramFormat.MaxBytes + 1, pinned: true); // one more, so that a longer one shows

    public bool HoldsDatagrams => false;

    public void Send(ReadOnlySpan<byte> datagram, SocketAddress receiver)
    {
        try
        {
            socket.SendTo(datagram, SocketFlags.None, receiver);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Lost, as it may be anywhere on its way: it is sent again.
        }
    }

    public void Flush()
    {
    }

    public bool TryReceive(out Span<byte> datagram)
    {
        try
        {
            int count = socket.Receive(_incoming, SocketFlags.None, out SocketError error);
            datagram = _incoming.AsSpan(0, error == SocketError.Success ? count : 0);
            return error is SocketError.Success
                or SocketError.ConnectionReset or SocketError.ConnectionRefused or SocketError.MessageSize; // of another datagram: go on
        }
        catch (ObjectDisposedException)
        {
            datagram = default;
            return false;
        }
    }
}
