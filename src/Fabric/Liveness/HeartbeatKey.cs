using System.Security.Cryptography;

namespace Halo.Fabric.Liveness;

/// <summary>The two keys that one shared secret gives: one for pings, one for pongs.</summary>
internal sealed class HeartbeatKey
{
    /// <summary>Bytes of a shared secret.</summary>
    internal const int Bytes = 32;

    private readonly byte[] _ping;
    private readonly byte[] _pong;

    /// <exception cref="ArgumentException">The secret has not <see cref="Bytes"/> bytes.</exception>
    internal HeartbeatKey(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Bytes)
        {
            throw new ArgumentException($"A heartbeat key has {Bytes} bytes, not {secret.Length}.", nameof(secret));
        }

        _ping = Derive(secret, "halo heartbeat ping"u8);
        _pong = Derive(secret, "halo heartbeat pong"u8);
    }

    internal ReadOnlySpan<byte> Of(HeartbeatKind kind) => kind == HeartbeatKind.Ping ? _ping : _pong;

    internal bool IsSame(HeartbeatKey other) => CryptographicOperations.FixedTimeEquals(_ping, other._ping);

    private static byte[] Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> purpose)
    {
        byte[] key = new byte[Bytes];
        HKDF.Expand(HashAlgorithmName.SHA256, secret, key, purpose);
        return key;
    }
}
