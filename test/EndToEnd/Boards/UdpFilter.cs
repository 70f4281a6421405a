using System.Net;
using System.Net.Sockets;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>A port of another loopback address that passes one board's datagrams on to the same port of 127.0.0.1, and nobody else's.</summary>
internal sealed class UdpFilter : IAsyncDisposable
{
    private const int PlaceOffset = 3; // in the clear, of datagrams and probes alike

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Task _passing;

    /// <param name="address">Where it listens; the system chooses the port.</param>
    /// <param name="place">The place of the board whose datagrams pass.</param>
    internal UdpFilter(IPAddress address, byte place)
    {
        _socket.Bind(new IPEndPoint(address, 0));
        _passing = PassAsync(place);
    }

    internal int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _passing;
    }

    private async Task PassAsync(byte place)
    {
        byte[] datagram = new byte[2048];
        IPEndPoint behind = new(IPAddress.Loopback, Port);
        try
        {
            while (true)
            {
                int count = await _socket.ReceiveAsync(datagram);
                if (count > PlaceOffset && datagram[PlaceOffset] == place)
                {
                    await _socket.SendToAsync(datagram.AsMemory(0, count), behind);
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The test ends.
        }
    }
}
