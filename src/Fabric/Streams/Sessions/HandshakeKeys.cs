using System.Security.Cryptography;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>What both ends of a handshake derive from the session's secret: the proofs that they hold it, and the link's keys.</summary>
internal static class HandshakeKeys
{
    /// <summary>The acceptor's proof, over the hello and its answer up to the proof: a replayed hello or answer proves nothing, both nonces are fresh.</summary>
    internal static void AnswerMac(StreamSession session, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> answer, Span<byte> mac) =>
        Mac(session, "halo stream answer"u8, hello, answer[..HandshakeFormat.AnswerMacAt], mac);

    /// <summary>The dialer's proof, over the hello and the whole answer.</summary>
    internal static void ConfirmMac(StreamSession session, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> answer, Span<byte> mac) =>
        Mac(session, "halo stream confirm"u8, hello, answer[..HandshakeFormat.AnswerBytes], mac);

    /// <summary>The keys of a link whose handshake went through.</summary>
    internal static LinkKeys Link(StreamSession session, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> answer, bool dialer)
    {
        Span<byte> nonces = stackalloc byte[2 * HandshakeFormat.NonceBytes];
        hello.Slice(HandshakeFormat.HelloBytes - HandshakeFormat.NonceBytes, HandshakeFormat.NonceBytes).CopyTo(nonces);
        answer.Slice(HandshakeFormat.PrefaceBytes, HandshakeFormat.NonceBytes).CopyTo(nonces[HandshakeFormat.NonceBytes..]);
        byte[] fromDialer = Derive(session, nonces, "halo stream from dialer"u8, hello);
        byte[] fromAcceptor = Derive(session, nonces, "halo stream from acceptor"u8, hello);
        return dialer ? new LinkKeys(session.Cipher, fromDialer, fromAcceptor) : new LinkKeys(session.Cipher, fromAcceptor, fromDialer);
    }

    private static byte[] Derive(StreamSession session, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context)
    {
        byte[] key = new byte[FrameCipher.KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, session.Secret.Span, key, salt, [.. label, .. context]);
        return key;
    }

    private static void Mac(StreamSession session, ReadOnlySpan<byte> label, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> answer, Span<byte> mac)
    {
        Span<byte> id = stackalloc byte[16];
        session.Id.TryWriteBytes(id);
        byte[] key = Derive(session, id, "halo stream handshake"u8, []);
        HMACSHA256.HashData(key, [.. label, .. hello, .. answer], mac);
        CryptographicOperations.ZeroMemory(key);
    }
}
