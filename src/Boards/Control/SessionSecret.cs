using System.Security.Cryptography;
using System.Text;

namespace Halo.Boards.Control;

/// <summary>What both ends of a handshake and nobody else know, and the keys that come from it.</summary>
internal sealed class SessionSecret
{
    private const int CoordinateBytes = 32;

    private readonly byte[] _secret;
    private readonly byte[] _transcriptHash;

    private SessionSecret(byte[] secret, byte[] transcriptHash)
    {
        _secret = secret;
        _transcriptHash = transcriptHash;
    }

    /// <summary>A key pair for one handshake.</summary>
    internal static ECDiffieHellman NewPair() => ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The public half: x, then y, 32 bytes each.</summary>
    internal static byte[] PublicKey(ECDiffieHellman pair)
    {
        ECPoint point = pair.ExportParameters(includePrivateParameters: false).Q;
        return [.. point.X!, .. point.Y!];
    }

    /// <summary>Makes the secret from the own pair, the peer's public half, the cluster key and all that was said up to the finish.</summary>
    /// <exception cref="CryptographicException">The peer's bytes are no point of the curve.</exception>
    internal static SessionSecret Agree(ECDiffieHellman own, byte[] peer, ClusterKey key, Transcript finish)
    {
        if (peer.Length != 2 * CoordinateBytes)
        {
            throw new CryptographicException($"A public key of {peer.Length} bytes is no point of P-256.");
        }

        using ECDiffieHellman other = ECDiffieHellman.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = peer[..CoordinateBytes], Y = peer[CoordinateBytes..] },
        });
        using ECDiffieHellmanPublicKey point = other.PublicKey;
        byte[] agreed = own.DeriveRawSecretAgreement(point);
        SessionSecret secret = new(key.Mix(agreed), finish.Hash());
        CryptographicOperations.ZeroMemory(agreed);
        return secret;
    }

    /// <summary>A key of its own for each label.</summary>
    internal byte[] Derive(string label, int bytes)
    {
        byte[] info = new Transcript().Add(Encoding.UTF8.GetBytes(label)).Add(_transcriptHash).Bytes.ToArray();
        return HKDF.Expand(HashAlgorithmName.SHA256, _secret, bytes, info);
    }

    /// <summary>The tag of the whole handshake, which only the other end can have made.</summary>
    internal byte[] Mac(Transcript welcome) => HMACSHA256.HashData(Derive("welcome", BodySeal.KeyBytes), welcome.Bytes);
}
