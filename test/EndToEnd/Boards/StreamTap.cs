using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Someone between two boards, who records what one of them sends.</summary>
internal sealed class StreamTap : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, Task> _links = new();
    private readonly int _port;
    private readonly Task _accepting;

    /// <param name="port">The port of the board that is dialled.</param>
    internal StreamTap(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What dialers sent, a connection each.</summary>
    internal ConcurrentQueue<MemoryStream> Recorded { get; } = new();

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

    private async Task CarryAsync(Socket dialer)
    {
        MemoryStream record = new();
        Recorded.Enqueue(record);
        try
        {
            using Socket board = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            dialer.NoDelay = true;
            await board.ConnectAsync(IPAddress.Loopback, _port);
            await Task.WhenAny(CopyAsync(dialer, board, record), CopyAsync(board, dialer, null));
            dialer.Dispose();
        }
        catch (SocketException)
        {
            dialer.Dispose();
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, MemoryStream? record)
    {
        byte[] buffer = new byte[1 << 16];
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer)) > 0;)
            {
                if (record is not null)
                {
                    lock (record)
                    {
                        record.Write(buffer, 0, count);
                    }
                }

                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // One of the two is gone.
        }
    }
}
