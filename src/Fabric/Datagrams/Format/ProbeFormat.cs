using System.Buffers.Binary;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Datagrams.Format;

/// <summary>
/// A probe, little endian: magic (u16, 0), version (u8, 2), the sender's place (u8, 3), key id (u32, 4), probe number (u64, 8); then zeros, sealed,
/// with their tag. It is as long as the longest datagram, so that what comes through says that those do.
/// </summary>
internal static class ProbeFormat
{
    /// <summary>The length of every probe.</summary>
    internal const int Bytes = DatagramFormat.MaxBytes;

    private const ushort Magic = 0x5048;
    private const byte Version = 1;

    /// <summary>Writes a probe over all of the bytes.</summary>
    internal static void Write(Span<byte> probe, int sender, uint keyId, ulong number, AeadCipher cipher)
    {
        probe.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(probe, Magic);
        probe[2] = Version;
        probe[3] = (byte)sender;
        BinaryPrimitives.WriteUInt32LittleEndian(probe[4..], keyId);
        BinaryPrimitives.WriteUInt64LittleEndian(probe[8..], number);
        Span<byte> body = probe[DatagramFormat.OutsideBytes..];
        cipher.Seal(number, probe[..DatagramFormat.OutsideBytes], body[..^AeadCipher.TagBytes], body);
    }

    /// <summary>The place that a datagram claims to come from; -1 where it is no probe of this version.</summary>
    internal static int SenderOf(ReadOnlySpan<byte> datagram) =>
        datagram.Length == Bytes && BinaryPrimitives.ReadUInt16LittleEndian(datagram) == Magic && datagram[2] == Version ? datagram[3] : -1;

    /// <summary>Whether the sender sealed this probe; its bytes are overwritten. One that is replayed came through once, which is all that it shall prove.</summary>
    internal static bool IsSealed(Span<byte> probe, uint keyId, AeadCipher cipher) =>
        BinaryPrimitives.ReadUInt32LittleEndian(probe[4..]) == keyId
        && cipher.TryOpen(BinaryPrimitives.ReadUInt64LittleEndian(probe[8..]), probe[..DatagramFormat.OutsideBytes], probe[DatagramFormat.OutsideBytes..]);
}
