using System.Buffers.Binary;
using System.Security.Cryptography;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Datagrams.Format;

/// <summary>One direction's key, and the number that names it on the wire.</summary>
/// <param name="Id">Says nothing of the key.</param>
/// <param name="Key">32 bytes.</param>
internal sealed record DirectionKey(uint Id, byte[] Key);

/// <summary>What one board needs to exchange datagrams with another: a key a direction, which no other pair of boards has.</summary>
/// <param name="Cipher">What seals.</param>
/// <param name="Send">For what this board sends.</param>
/// <param name="Receive">For what the other sends.</param>
internal sealed record DatagramKeys(FrameCipherKind Cipher, DirectionKey Send, DirectionKey Receive)
{
    /// <summary>
    /// Derives the keys from those of a link whose handshake went through, so they are fresh with every connection. The link's own keys seal its
    /// frames and give no nonce away to datagrams.
    /// </summary>
    internal static DatagramKeys Of(LinkKeys link) => new(
        link.Cipher, Derive(link.Send, "halo datagram id"u8, "halo datagram key"u8), Derive(link.Receive, "halo datagram id"u8, "halo datagram key"u8));

    /// <summary>Keys for the probes that are sent before: they take no numbers away from the session's datagrams.</summary>
    internal static DatagramKeys OfProbes(LinkKeys link) => new(
        link.Cipher, Derive(link.Send, "halo probe id"u8, "halo probe key"u8), Derive(link.Receive, "halo probe id"u8, "halo probe key"u8));

    private static DirectionKey Derive(byte[] linkKey, ReadOnlySpan<byte> idLabel, ReadOnlySpan<byte> keyLabel)
    {
        Span<byte> id = stackalloc byte[sizeof(uint)];
        HKDF.Expand(HashAlgorithmName.SHA256, linkKey, id, idLabel);
        byte[] key = new byte[AeadCipher.KeyBytes];
        HKDF.Expand(HashAlgorithmName.SHA256, linkKey, key, keyLabel);
        return new DirectionKey(BinaryPrimitives.ReadUInt32LittleEndian(id), key);
    }
}
