using System.Buffers.Binary;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;

namespace Halo.Fabric.Datagrams.Format;

/// <summary>How a chunk goes.</summary>
internal enum ChunkRoute : byte
{
    /// <summary>From its sender to its receiver.</summary>
    Straight = 0,

    /// <summary>To a third board, which carries it on. It has no part in the order of what is sent to that one.</summary>
    ToCarry = 1,

    /// <summary>From a third board, for its sender.</summary>
    Carried = 2,

    /// <summary>No chunk of a message but the exclusive or of several: see <see cref="ParityChunk"/>.</summary>
    Parity = 3,
}

/// <summary>
/// The head of a chunk, little endian: sequence number (i64, 0), step (i64, 8), plan version (i32, 16), stage (i32, 20; of logits: the first row),
/// elements of the message (i32, 24; of logits: tokens a row), first token (i32, 28; of a lost board: its place), offset (i32, 32), bytes of the
/// message (i32, 36), bytes of the chunk (u16, 40), kind (u8, 42), class (u8, 43), copy (u8, 44), route (u8, 45), place (u8, 46), zero (u8, 47). The chunk's bytes follow.
/// </summary>
/// <param name="Sequence">Counts the chunks of one sender to one receiver, from 0; a copy or a resend has the number of the first.</param>
/// <param name="Kind">What the message is, as on a stream.</param>
/// <param name="Key">Plan version, step and stage. A sum is row-major (rows, hiddenSize): the offset gives row and dimension of its first element.</param>
/// <param name="Elements">Elements of the message, or tokens a row.</param>
/// <param name="FirstToken">The first token of logits, or the place of a lost board.</param>
/// <param name="Offset">Where the chunk's bytes belong within the message.</param>
/// <param name="MessageBytes">Bytes of the whole message.</param>
/// <param name="ChunkBytes">Bytes of this chunk.</param>
/// <param name="Class">The protection class: 0, critical, comes for certain; 1, the tail of a relaxed stage, is neither acknowledged nor sent again, and has no sequence number.</param>
/// <param name="Copy">0 when first sent, else how often it was sent before, 255 at most; of parity the number of members.</param>
/// <param name="Route">How it goes.</param>
/// <param name="Place">Where it is to be carried to, or whom it comes from; 0 where it goes straight; of parity the distance of its members.</param>
internal readonly record struct ChunkHead(
    long Sequence, FrameKind Kind, StageKey Key, int Elements, int FirstToken, int Offset, int MessageBytes, int ChunkBytes, byte Class = 0, byte Copy = 0,
    ChunkRoute Route = ChunkRoute.Straight, byte Place = 0)
{
    internal const int Bytes = 48;

    internal const byte Critical = 0;
    internal const byte Tail = 1;

    /// <summary>Whether it is the last chunk of its message.</summary>
    internal bool IsLast => Offset + ChunkBytes == MessageBytes;

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], Key.StepNumber);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], Key.PlanVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], Key.Stage);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], Elements);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[28..], FirstToken);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], Offset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[36..], MessageBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[40..], (ushort)ChunkBytes);
        bytes[42] = (byte)Kind;
        bytes[43] = Class;
        bytes[44] = Copy;
        bytes[45] = (byte)Route;
        bytes[46] = Place;
        bytes[47] = 0;
    }

    /// <summary>Reads the head at the beginning of what is left of a datagram; false where there is none, or its chunk does not fit.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out ChunkHead head)
    {
        head = default;
        if (bytes.Length < Bytes || bytes[42] is < (byte)FrameKind.Announcement or > (byte)FrameKind.Residual)
        {
            return false;
        }

        head = new ChunkHead(
            BinaryPrimitives.ReadInt64LittleEndian(bytes),
            (FrameKind)bytes[42],
            new StageKey(
                BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(bytes[20..])),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[40..]),
            bytes[43],
            bytes[44],
            (ChunkRoute)bytes[45],
            bytes[46]);
        return head.Sequence >= 0 && head.Class <= Tail && head.Route <= ChunkRoute.Parity && head.ChunkBytes <= bytes.Length - Bytes && head.Offset >= 0 && head.Offset <= head.MessageBytes - head.ChunkBytes;
    }
}
