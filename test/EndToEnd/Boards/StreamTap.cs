using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Someone between two boards, who records what one of them sends.</summary>
internal sealed class StreamTap : Tap
{
    /// <param name="port">The port of the board that is dialled.</param>
    /// <param name="at">Where it takes connections; any port of 127.0.0.1 by default.</param>
    internal StreamTap(int port, IPEndPoint? at = null)
        : base(port, at)
    {
    }

    /// <summary>What callers sent, a connection each.</summary>
    internal ConcurrentQueue<MemoryStream> Recorded { get; } = new();

    protected override async Task CarryAsync(Socket caller)
    {
        MemoryStream record = new();
        Recorded.Enqueue(record);
        try
        {
            using Socket board = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            caller.NoDelay = true;
            await board.ConnectAsync(IPAddress.Loopback, Target);
            await Task.WhenAny(CopyAsync(caller, board, record), CopyAsync(board, caller, null));
            caller.Dispose();
        }
        catch (SocketException)
        {
            caller.Dispose();
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
