using System.Net;
using System.Net.Sockets;

namespace Halo.Fabric.Datagrams;

/// <summary>Which UDP port a board's datagrams use. Every session of boards has a port of its own: a board that serves two models has two.</summary>
/// <param name="First">The port of the first session; 0 for any that is free.</param>
/// <param name="IsRequired">Whether it must be this port, or one of the <see cref="Count"/> from it on; else any port serves where it is taken.</param>
public readonly record struct UdpPort(int First, bool IsRequired)
{
    /// <summary>How many ports a board may take, one after the other, where it needs more than one.</summary>
    public const int Count = 8;

    /// <summary>Binds a socket.</summary>
    /// <exception cref="IOException">None of the ports can be had; the message names them.</exception>
    internal void Bind(Socket socket, IPAddress address)
    {
        int last = Math.Min(IsRequired ? First + Count - 1 : First, IPEndPoint.MaxPort);
        SocketException? refusal = null;
        for (int port = First; port <= last; port++)
        {
            try
            {
                socket.Bind(new IPEndPoint(address, port));
                return;
            }
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                refusal = fault;
            }
        }

        if (IsRequired)
        {
            throw new IOException(
                $"None of the UDP ports {First} to {last} can be had for datagrams: {refusal!.Message}. Name others, or 0 for any that is free.", refusal);
        }

        socket.Bind(new IPEndPoint(address, 0));
    }
}
