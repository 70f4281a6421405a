using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Halo.Fabric.Liveness;

/// <summary>What a heartbeat asks or answers.</summary>
internal enum HeartbeatKind : byte
{
    /// <summary>From the head process: are you there?</summary>
    Ping = 1,

    /// <summary>From a board process, for one ping.</summary>
    Pong = 2,
}

/// <summary>
/// A heartbeat: one datagram of <see cref="Bytes"/> bytes, little endian: magic (u32, 0), version (u8, 4), kind (u8, 5), flags (u16, 6; bit 0: the sender is about to end),
/// key id (u64, 8), packet number (u64, 16), echo (u64, 24), sent at (i64, 32), and over all of it the first 16 bytes of an
/// HMAC-SHA256 (40).
/// </summary>
/// <param name="Kind">Ping or pong; either has a key of its own, so that neither can be sent back as the other.</param>
/// <param name="KeyId">Names the key that both ends share.</param>
/// <param name="Number">Fresh for every datagram of a sender under a key.</param>
/// <param name="Echo">Of a pong: the number of the ping it answers. Zero in a ping.</param>
/// <param name="SentAt">The sender's clock, microseconds since 1970 in UTC; for people who read a capture, nothing is decided by it.</param>
/// <param name="IsLeaving">Of a pong: the process is about to end, on purpose.</param>
internal readonly record struct Heartbeat(HeartbeatKind Kind, ulong KeyId, ulong Number, ulong Echo, long SentAt, bool IsLeaving = false)
{
    internal const int Bytes = MacAt + MacBytes;

    private const uint Magic = 0x4248_4C48;
    private const byte Version = 1;
    private const ushort Leaving = 1;
    private const int MacAt = 40;
    private const int MacBytes = 16;

    /// <summary>Microseconds since 1970 in UTC.</summary>
    internal static long Clock(TimeProvider time) => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Writes the datagram and its seal to <paramref name="bytes"/> (<see cref="Bytes"/>).</summary>
    internal void Write(Span<byte> bytes, HeartbeatKey key)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        bytes[4] = Version;
        bytes[5] = (byte)Kind;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], IsLeaving ? Leaving : (ushort)0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], KeyId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], Echo);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], SentAt);
        Seal(bytes[..MacAt], key.Of(Kind), bytes[MacAt..Bytes]);
    }

    /// <summary>The key that a datagram claims; false where it is no heartbeat of this version and of <paramref name="kind"/>.</summary>
    internal static bool TryReadKeyId(ReadOnlySpan<byte> bytes, HeartbeatKind kind, out ulong keyId)
    {
        keyId = 0;
        if (bytes.Length != Bytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic || bytes[4] != Version || bytes[5] != (byte)kind)
        {
            return false;
        }

        keyId = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        return true;
    }

    /// <summary>Reads a datagram; false where it is no heartbeat of <paramref name="kind"/> or not sealed with <paramref name="key"/>.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, HeartbeatKind kind, HeartbeatKey key, out Heartbeat heartbeat)
    {
        heartbeat = default;
        if (!TryReadKeyId(bytes, kind, out ulong keyId))
        {
            return false;
        }

        Span<byte> seal = stackalloc byte[MacBytes];
        Seal(bytes[..MacAt], key.Of(kind), seal);
        if (!CryptographicOperations.FixedTimeEquals(seal, bytes[MacAt..]))
        {
            return false;
        }

        heartbeat = new Heartbeat(
            kind,
            keyId,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            (BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) & Leaving) != 0);
        return true;
    }

    private static void Seal(ReadOnlySpan<byte> head, ReadOnlySpan<byte> key, Span<byte> seal)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, head, whole);
        whole[..MacBytes].CopyTo(seal);
    }
}
