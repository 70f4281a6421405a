using System.Net;
using System.Net.Sockets;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// Wakes a thread that waits for sockets: a datagram socket on the loopback that sends to itself. Any thread may wake; one waits.
/// </summary>
internal sealed class Waker : IDisposable
{
    private readonly Socket _socket;
    private int _woken;

    internal Waker()
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _socket.Connect(_socket.LocalEndPoint!); // takes datagrams from itself alone
        _socket.Blocking = false;
    }

    /// <summary>Readable once woken, until <see cref="Reset"/>.</summary>
    internal Socket Socket => _socket;

    internal void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0)
        {
            Span<byte> one = [1];
            try
            {
                _socket.Send(one, SocketFlags.None, out _);
            }
            catch (ObjectDisposedException)
            {
                // Nobody waits any more.
            }
        }
    }

    /// <summary>
    /// Takes the wake-up away, called when <see cref="Socket"/> is readable. What the waker had to say must be looked at afterwards, not before.
    /// </summary>
    internal void Reset()
    {
        Span<byte> bytes = stackalloc byte[8];
        _socket.Receive(bytes, SocketFlags.None, out _);
        Interlocked.Exchange(ref _woken, 0);
    }

    public void Dispose() => _socket.Dispose();
}
