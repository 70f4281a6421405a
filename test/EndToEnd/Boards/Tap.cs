using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Someone between two processes: takes connections in the place of one of them.</summary>
internal abstract class Tap : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly ConcurrentDictionary<Socket, Task> _links = new();
    private readonly Task _accepting;

    /// <param name="target">The port in whose place connections are taken.</param>
    /// <param name="at">Where they are taken; any port of 127.0.0.1 by default.</param>
    protected Tap(int target, IPEndPoint? at = null)
    {
        Target = target;
        _listener = new TcpListener(at ?? new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where connections are taken.</summary>
    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The port in whose place they are taken.</summary>
    protected int Target { get; }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        foreach (Socket socket in _links.Keys)
        {
            socket.Dispose();
        }

        await Task.WhenAll(_links.Values);
    }

    /// <summary>Carries one connection to its end.</summary>
    protected abstract Task CarryAsync(Socket caller);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync();
                _links[socket] = Task.Run(() => CarryAsync(socket));
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The tap ends.
        }
    }
}
