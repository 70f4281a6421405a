using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// One attempt to reach a board: connects and goes through the handshake, on the calling thread. No asynchronous socket call is made: a socket
/// that has made one stays with the runtime's event loop, whose thread would wake for every packet of the session.
/// </summary>
internal static class Dial
{
    // How soon a cancellation is noticed.
    private static readonly TimeSpan s_slice = TimeSpan.FromMilliseconds(20);

    /// <summary>Connects, and goes through the handshake.</summary>
    /// <returns>The connection; null where the board refuses, with its reason.</returns>
    /// <exception cref="SocketException">The board cannot be reached, or closed the connection.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="StreamConnectException">The other end speaks another version, has another secret, or is no board.</exception>
    internal static (StreamConnection? Connection, StreamRefusal Refusal) Attempt(
        IReadOnlyList<IPAddress> addresses, StreamRoster roster, int from, int to, CancellationToken cancellationToken)
    {
        Socket socket = Connect(addresses, roster.Boards[to].Port, cancellationToken);
        StreamConnection? connection = null;
        try
        {
            connection = Greet(socket, roster, from, to, out StreamRefusal refusal, cancellationToken);
            return (connection, refusal);
        }
        finally
        {
            if (connection is null)
            {
                socket.Dispose();
            }
        }
    }

    /// <summary>A board with its address, as messages name it.</summary>
    internal static string Name(StreamRoster roster, int place)
    {
        StreamPeer peer = roster.Boards[place];
        string host = peer.Host.Contains(':', StringComparison.Ordinal) ? $"[{peer.Host}]" : peer.Host;
        return $"Board {peer.Board} ({host}:{peer.Port})";
    }

    // To the first address that takes the connection.
    private static Socket Connect(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        SocketException? fault = null;
        foreach (IPAddress address in addresses)
        {
            Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, Blocking = false };
            try
            {
                Connect(socket, new IPEndPoint(address, port), cancellationToken);
                return socket;
            }
            catch (SocketException error)
            {
                fault = error;
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw fault ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static StreamConnection? Greet(
        Socket socket, StreamRoster roster, int from, int to, out StreamRefusal refusal, CancellationToken cancellationToken)
    {
        Span<byte> nonce = stackalloc byte[HandshakeFormat.NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        DialerHandshake handshake = new(roster.Session, from, to, nonce);
        Send(socket, handshake.Hello);
        Span<byte> answer = stackalloc byte[HandshakeFormat.AnswerBytes];
        Receive(socket, answer[..HandshakeFormat.PrefaceBytes], cancellationToken);
        string board = Name(roster, to);
        if (!HandshakeFormat.TryReadPreface(answer, out HandshakePreface preface))
        {
            throw new StreamConnectException(to, $"{board} does not answer as a board does; check the address.");
        }

        if (preface.Version != HandshakeFormat.Version)
        {
            throw new StreamConnectException(
                to, $"{board} speaks stream version {preface.Version}, this one {HandshakeFormat.Version}: install the same version on all boards.");
        }

        refusal = (StreamRefusal)preface.Detail;
        if (preface.Kind == HandshakeKind.Refused)
        {
            return null;
        }

        Receive(socket, answer[HandshakeFormat.PrefaceBytes..], cancellationToken);
        Span<byte> confirm = stackalloc byte[HandshakeFormat.MacBytes];
        if (!handshake.TryAnswer(answer, confirm, out LinkKeys? keys))
        {
            throw new StreamConnectException(to, $"{board} did not prove that it belongs to this session; check that the address is that board's.");
        }

        Send(socket, confirm);
        return new StreamConnection(socket, keys);
    }

    private static void Connect(Socket socket, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        try
        {
            socket.Connect(endPoint);
            return;
        }
        catch (SocketException fault) when (fault.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // Under way.
        }

        Wait(socket, SelectMode.SelectWrite, cancellationToken);
        if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int error and not 0)
        {
            throw new SocketException(error);
        }
    }

    private static void Send(Socket socket, ReadOnlySpan<byte> bytes)
    {
        // A handshake is a few bytes on a new connection: they fit what the kernel buffers.
        int sent = socket.Send(bytes, SocketFlags.None);
        Debug.Assert(sent == bytes.Length, "A message of a handshake did not fit the socket's buffer.");
    }

    private static void Receive(Socket socket, Span<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            Wait(socket, SelectMode.SelectRead, cancellationToken);
            int count = socket.Receive(bytes, SocketFlags.None);
            bytes = count > 0 ? bytes[count..] : throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    private static void Wait(Socket socket, SelectMode mode, CancellationToken cancellationToken)
    {
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
        while (!socket.Poll(s_slice, mode));
    }
}
