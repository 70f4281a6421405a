using System.Buffers.Binary;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Datagrams.Format;

/// <summary>
/// The outside of a datagram, little endian: magic (u16, 0), version (u8, 2), the sender's place (u8, 3), key id (u32, 4), packet number (u64, 8).
/// Behind it everything is sealed: a <see cref="DatagramHead"/>, chunks, each a <see cref="ChunkHead"/> and its bytes, and a tag of 16 bytes
/// that covers the outside too. The packet number is the nonce: fresh for every datagram under a key, copies and resends included.
/// </summary>
internal static class DatagramFormat
{
    /// <summary>The most bytes of a datagram: it fits one Ethernet frame with room for IPv6 and for a tunnel.</summary>
    internal const int MaxBytes = 1400;

    /// <summary>Bytes in the clear.</summary>
    internal const int OutsideBytes = 16;

    /// <summary>The fewest bytes: no chunk.</summary>
    internal const int MinBytes = OutsideBytes + DatagramHead.Bytes + AeadCipher.TagBytes;

    /// <summary>The most bytes of a chunk's payload, where it has a datagram for itself.</summary>
    internal const int MaxChunkBytes = MaxBytes - MinBytes - ChunkHead.Bytes;

    /// <summary>Places that a datagram can name.</summary>
    internal const int MaxBoards = byte.MaxValue + 1;

    private const ushort Magic = 0x4448;
    private const byte Version = 2;

    internal static void WriteOutside(Span<byte> bytes, int sender, uint keyId, ulong number)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Magic);
        bytes[2] = Version;
        bytes[3] = (byte)sender;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], keyId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], number);
    }

    /// <summary>Reads what a datagram claims; false where it is none of this version.</summary>
    internal static bool TryReadOutside(ReadOnlySpan<byte> datagram, out int sender, out uint keyId, out ulong number)
    {
        (sender, keyId, number) = (0, 0, 0);
        if (datagram.Length is < MinBytes or > MaxBytes || BinaryPrimitives.ReadUInt16LittleEndian(datagram) != Magic || datagram[2] != Version)
        {
            return false;
        }

        sender = datagram[3];
        keyId = BinaryPrimitives.ReadUInt32LittleEndian(datagram[4..]);
        number = BinaryPrimitives.ReadUInt64LittleEndian(datagram[8..]);
        return true;
    }
}
