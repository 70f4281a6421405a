using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>The dialer's side of one handshake, without the socket: hello out, answer in, confirm out.</summary>
internal sealed class DialerHandshake
{
    private readonly StreamSession _session;
    private readonly byte[] _hello = new byte[HandshakeFormat.HelloBytes];

    /// <param name="session">The session.</param>
    /// <param name="from">The dialer's place.</param>
    /// <param name="to">The acceptor's place.</param>
    /// <param name="nonce">16 random bytes, fresh for every handshake.</param>
    internal DialerHandshake(StreamSession session, int from, int to, ReadOnlySpan<byte> nonce)
    {
        _session = session;
        HandshakeFormat.WriteHello(_hello, new Hello(session.Id, from, to, session.Cipher), nonce);
    }

    internal ReadOnlySpan<byte> Hello => _hello;

    /// <summary>Checks the acceptor's proof; false where it does not hold the session's secret, or a byte was changed on the way.</summary>
    /// <param name="answer">56 bytes; the preface has been checked.</param>
    /// <param name="confirm">Takes the 32 bytes to send.</param>
    /// <param name="keys">The link's keys, of the dialer's end.</param>
    internal bool TryAnswer(ReadOnlySpan<byte> answer, Span<byte> confirm, [NotNullWhen(true)] out LinkKeys? keys)
    {
        Span<byte> mac = stackalloc byte[HandshakeFormat.MacBytes];
        HandshakeKeys.AnswerMac(_session, _hello, answer, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, answer[HandshakeFormat.AnswerMacAt..]))
        {
            keys = null;
            return false;
        }

        HandshakeKeys.ConfirmMac(_session, _hello, answer, confirm);
        keys = HandshakeKeys.Link(_session, _hello, answer, dialer: true);
        return true;
    }
}
