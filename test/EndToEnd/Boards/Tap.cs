using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Someone between two processes: takes connections in the place of one of them.</summary>
internal abstract class Tap : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, Task> _links = new();
    private readonly Task _accepting;

    /// <param name="target">The port in whose place connections are taken.</param>
    protected Tap(int target)
    {
        Target = target;
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
