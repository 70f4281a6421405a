using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>The acceptor's side of one handshake, without the socket: hello in, answer out, confirm in.</summary>
internal sealed class AcceptorHandshake
{
    private readonly StreamSession _session;
    private readonly byte[] _hello;
    private readonly byte[] _answer = new byte[HandshakeFormat.AnswerBytes];

    /// <param name="session">The session that the hello names.</param>
    /// <param name="hello">The hello as it came.</param>
    /// <param name="nonce">16 random bytes, fresh for every handshake.</param>
    internal AcceptorHandshake(StreamSession session, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> nonce)
    {
        _session = session;
        _hello = hello.ToArray();
        HandshakeFormat.WritePreface(_answer, HandshakeKind.Answer, 0);
        nonce.CopyTo(_answer.AsSpan(HandshakeFormat.PrefaceBytes));
        HandshakeKeys.AnswerMac(session, _hello, _answer, _answer.AsSpan(HandshakeFormat.AnswerMacAt));
    }

    internal ReadOnlySpan<byte> Answer => _answer;

    /// <summary>Checks the dialer's proof; false where it does not hold the session's secret or answers another handshake.</summary>
    /// <param name="confirm">32 bytes.</param>
    /// <param name="keys">The link's keys, of the acceptor's end.</param>
    internal bool TryConfirm(ReadOnlySpan<byte> confirm, [NotNullWhen(true)] out LinkKeys? keys)
    {
        Span<byte> mac = stackalloc byte[HandshakeFormat.MacBytes];
        HandshakeKeys.ConfirmMac(_session, _hello, _answer, mac);
        keys = CryptographicOperations.FixedTimeEquals(mac, confirm) ? HandshakeKeys.Link(_session, _hello, _answer, dialer: false) : null;
        return keys is not null;
    }
}
