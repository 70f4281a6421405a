using System.Net.Sockets;
using System.Security.Cryptography;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// A connection whose handshake is under way at the acceptor. Only the listener's thread moves it on; it never waits for the dialer.
/// </summary>
internal sealed class PendingLink : IDisposable
{
    private readonly Socket _socket;
    private readonly Func<Guid, StreamExpectation?> _expected;
    private readonly byte[] _bytes = new byte[HandshakeFormat.HelloBytes];
    private int _filled;
    private int _needed = HandshakeFormat.PrefaceBytes;
    private AcceptorHandshake? _handshake;
    private StreamExpectation? _expectation;
    private int _from;
    private bool _isDelivered;
    private volatile bool _isExpired;

    /// <param name="socket">A connection just accepted, owned from here on.</param>
    /// <param name="expected">Finds what is expected of a session.</param>
    internal PendingLink(Socket socket, Func<Guid, StreamExpectation?> expected)
    {
        _socket = socket;
        _socket.Blocking = false;
        _socket.NoDelay = true;
        _expected = expected;
    }

    /// <summary>Whether the time for the handshake is over.</summary>
    internal bool IsExpired => _isExpired;

    /// <summary>Ends the time for the handshake; holds the timer that does.</summary>
    internal ITimer? Deadline { get; set; }

    internal void Expire() => _isExpired = true;

    /// <summary>Reads what has come.</summary>
    /// <param name="refusal">Why the connection is refused, or null.</param>
    /// <returns>Whether the handshake has ended: the link is delivered or refused.</returns>
    internal bool Advance(out StreamRefusal? refusal)
    {
        refusal = null;
        while (true)
        {
            int count = _socket.Receive(_bytes.AsSpan(_filled, _needed - _filled), SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return false;
            }

            if (error != SocketError.Success || count == 0)
            {
                refusal = StreamRefusal.Closed;
                return true;
            }

            _filled += count;
            if (_filled == _needed && Step(out refusal))
            {
                return true;
            }
        }
    }

    /// <summary>Tells the dialer why, in as far as it may know, and closes the connection.</summary>
    internal void Refuse(StreamRefusal refusal)
    {
        if (refusal is StreamRefusal.WrongVersion or StreamRefusal.NotExpected or StreamRefusal.SecondLink)
        {
            Span<byte> preface = stackalloc byte[HandshakeFormat.PrefaceBytes];
            HandshakeFormat.WritePreface(preface, HandshakeKind.Refused, (byte)refusal);
            _socket.Send(preface, SocketFlags.None, out _);

            // A connection that is closed with bytes unread is reset, and the dialer would not read the reason.
            Span<byte> rest = stackalloc byte[256];
            _socket.Receive(rest, SocketFlags.None, out _);
        }

        Dispose();
    }

    public void Dispose()
    {
        Deadline?.Dispose();
        if (!_isDelivered)
        {
            _socket.Dispose();
        }
    }

    // The bytes that were needed are there: true when the handshake has ended with them.
    private bool Step(out StreamRefusal? refusal)
    {
        if (_handshake is not null)
        {
            refusal = Confirm();
            return true;
        }

        refusal = _needed == HandshakeFormat.PrefaceBytes ? CheckPreface() : Answer();
        return refusal is not null;
    }

    private StreamRefusal? CheckPreface()
    {
        if (!HandshakeFormat.TryReadPreface(_bytes, out HandshakePreface preface) || preface.Kind != HandshakeKind.Hello)
        {
            return StreamRefusal.Garbage;
        }

        _needed = HandshakeFormat.HelloBytes;
        return preface.Version == HandshakeFormat.Version ? null : StreamRefusal.WrongVersion;
    }

    private StreamRefusal? Answer()
    {
        Hello hello = HandshakeFormat.ReadHello(_bytes);
        StreamExpectation? expectation = _expected(hello.Session);
        if (expectation is null)
        {
            return StreamRefusal.NotExpected;
        }

        if (expectation.Refuses(hello) is { } refusal)
        {
            return refusal;
        }

        Span<byte> nonce = stackalloc byte[HandshakeFormat.NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        _expectation = expectation;
        _from = hello.From;
        _handshake = new AcceptorHandshake(expectation.Session, _bytes, nonce);
        int sent = _socket.Send(_handshake.Answer, SocketFlags.None, out SocketError error);
        _filled = 0;
        _needed = HandshakeFormat.MacBytes;
        return error == SocketError.Success && sent == HandshakeFormat.AnswerBytes ? null : StreamRefusal.Closed;
    }

    private StreamRefusal? Confirm()
    {
        if (!_handshake!.TryConfirm(_bytes.AsSpan(0, HandshakeFormat.MacBytes), out LinkKeys? keys))
        {
            return StreamRefusal.WrongKey;
        }

        if (!_expectation!.TryDeliver(_from, new StreamConnection(_socket, keys)))
        {
            return StreamRefusal.SecondLink;
        }

        _isDelivered = true;
        return null;
    }
}
