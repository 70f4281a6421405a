using System.Buffers.Binary;

namespace Halo.Fabric.Datagrams.Format;

/// <summary>
/// The sealed head of a datagram, little endian: acknowledged (i64, 0), later (u64, 8), sent at (u32, 16), echo (u32, 20), held (u32, 24), loss
/// (u16, 28), chunks (u8, 30), burst (u8, 31), incast (u16, 32). Every datagram acknowledges, whatever else it carries.
/// </summary>
/// <param name="Acknowledged">All chunks of the receiver below this sequence number have come.</param>
/// <param name="Later">Bit i: chunk Acknowledged + 1 + i has come too.</param>
/// <param name="SentAt">The sender's clock in microseconds, cut to 32 bits.</param>
/// <param name="Echo">The receiver's <paramref name="SentAt"/> of the latest datagram that came from it.</param>
/// <param name="Held">Microseconds since that datagram came; <see cref="NoEcho"/> where none did.</param>
/// <param name="Loss">Share of the receiver's datagrams that did not come, cautiously measured, in parts of 65,535.</param>
/// <param name="Chunks">Chunks that follow.</param>
/// <param name="Burst">How many of the receiver's datagrams are lost in a row on average, in eighths, 255 at most.</param>
/// <param name="Incast">The part of <paramref name="Loss"/> that full queues lost, in the same parts.</param>
internal readonly record struct DatagramHead(long Acknowledged, ulong Later, uint SentAt, uint Echo, uint Held, ushort Loss, byte Chunks, byte Burst = 0, ushort Incast = 0)
{
    internal const int Bytes = 34;

    internal const uint NoEcho = uint.MaxValue;

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Acknowledged);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Later);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], SentAt);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], Echo);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], Held);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[28..], Loss);
        bytes[30] = Chunks;
        bytes[31] = Burst;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[32..], Incast);
    }

    internal static DatagramHead Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]),
        bytes[30],
        bytes[31],
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[32..]));
}
