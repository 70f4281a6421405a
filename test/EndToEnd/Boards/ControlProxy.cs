using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Someone between a head process and a board's control port, who records all and may change what passes.</summary>
internal sealed class ControlProxy : Tap
{
    private static readonly byte[] s_continue = "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray();

    /// <param name="port">The board's control port.</param>
    internal ControlProxy(int port)
        : base(port)
    {
    }

    /// <summary>Where the head process finds the board.</summary>
    internal string Url => $"http://127.0.0.1:{Port}";

    /// <summary>All requests so far, as they came.</summary>
    internal ConcurrentQueue<byte[]> Requests { get; } = new();

    /// <summary>Sees every request before it goes on, and may change it.</summary>
    internal Action<WireMessage>? OnRequest { get; set; }

    /// <summary>Sees every request with its answer before that goes back, and may change the answer.</summary>
    internal Action<WireMessage, WireMessage>? OnAnswer { get; set; }

    protected override async Task CarryAsync(Socket caller)
    {
        try
        {
            using Socket board = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await using NetworkStream near = new(caller, ownsSocket: true);
            caller.NoDelay = true;
            await board.ConnectAsync(IPAddress.Loopback, Target);
            await using NetworkStream far = new(board, ownsSocket: false);
            while (true)
            {
                Task<WireMessage?> reading = WireMessage.ReadAsync(near, onExpect: () => near.WriteAsync(s_continue).AsTask());
                Task said = board.ReceiveAsync(new byte[1], SocketFlags.Peek);
                if (await Task.WhenAny(reading, said) == said || await reading is not { } request)
                {
                    return; // one of the two has closed, and so must the other
                }

                Requests.Enqueue([.. request.Bytes]);
                OnRequest?.Invoke(request);
                await far.WriteAsync(request.Bytes);
                if (await WireMessage.ReadAsync(far) is not { } answer)
                {
                    return;
                }

                await said;
                OnAnswer?.Invoke(request, answer);
                await near.WriteAsync(answer.Bytes);
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException)
        {
            // One of the two is gone; the other sees its connection close.
        }
    }
}
