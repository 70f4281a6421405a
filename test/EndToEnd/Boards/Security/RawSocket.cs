using System.Net;
using System.Net.Sockets;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>Bytes to a port of a board, as a stranger sends them.</summary>
internal static class RawSocket
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    internal static async Task<Socket> ConnectAsync(int port)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    /// <summary>Sends an HTTP request and reads the answer.</summary>
    internal static async Task<WireMessage> AskAsync(int port, byte[] request)
    {
        using Socket socket = await ConnectAsync(port);
        await using NetworkStream stream = new(socket);
        await stream.WriteAsync(request);
        return await WireMessage.ReadAsync(stream).WaitAsync(s_patience) ?? throw new IOException("The board closed the connection without an answer.");
    }

    /// <summary>Sends bytes and reads until the board closes the connection.</summary>
    internal static async Task<byte[]> SendAsync(int port, byte[] bytes)
    {
        using Socket socket = await ConnectAsync(port);
        await socket.SendAsync(bytes);
        return await ReadToEndAsync(socket);
    }

    /// <summary>Reads until the other end closes or resets.</summary>
    internal static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using CancellationTokenSource limit = new(s_patience);
        using MemoryStream all = new();
        byte[] buffer = new byte[4096];
        try
        {
            for (int count; (count = await socket.ReceiveAsync(buffer, limit.Token)) > 0;)
            {
                all.Write(buffer, 0, count);
            }
        }
        catch (SocketException)
        {
            // Reset: closed with bytes of ours unread.
        }

        return all.ToArray();
    }
}
