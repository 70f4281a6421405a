using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Halo.Fabric.Stages;

namespace Halo.Fabric.Streams;

/// <summary>What a frame on a stream carries.</summary>
internal enum FrameKind : byte
{
    /// <summary>A step, from the head board.</summary>
    Announcement = 1,

    /// <summary>One board's partial sum of a stage.</summary>
    PartialSum = 2,

    /// <summary>A stage's total, from the head board of a star.</summary>
    Total = 3,

    /// <summary>Logits of a run of tokens, to the head board.</summary>
    Logits = 4,

    /// <summary>The sender has let go of the step; the payload is its residual's checksum (u64).</summary>
    EndStep = 5,

    /// <summary>The sender gives the step up; the payload is the reason in UTF-8.</summary>
    Abort = 6,

    /// <summary>The sender has lost a board, and with it the fabric; the payload is the reason in UTF-8.</summary>
    Lost = 7,

    /// <summary>The head board's residual before a stage, in relaxed steps; over datagrams only.</summary>
    Residual = 8,
}

/// <summary>
/// The head of a frame, little endian: magic (u16, 0), version (u8, 2), kind (u8, 3), payload bytes (i32, 4), plan version (i32, 8), stage
/// (i32, 12; of logits: the first row), step (i64, 16), elements (i32, 24; of logits: tokens a row), first token (i32, 28; of a lost board: its
/// place). On a sealed link the payload is encrypted and a tag of 16 bytes follows, which covers the head too.
/// </summary>
internal readonly record struct StreamFrame(FrameKind Kind, int PayloadBytes, StageKey Key, int Elements, int FirstToken)
{
    internal const int Bytes = 32;

    /// <summary>The longest reason of a step that is given up; the rest of a longer text is cut off.</summary>
    internal const int MaxReasonBytes = 4096;

    private const ushort Magic = 0x4C48;
    private const byte Version = 1;

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Magic);
        bytes[2] = Version;
        bytes[3] = (byte)Kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], PayloadBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], Key.PlanVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], Key.Stage);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], Key.StepNumber);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], Elements);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[28..], FirstToken);
    }

    /// <summary>Reads a head; false where it is none of this version.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out StreamFrame frame)
    {
        frame = default;
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes) != Magic || bytes[2] != Version
            || bytes[3] is < (byte)FrameKind.Announcement or > (byte)FrameKind.Lost)
        {
            return false;
        }

        frame = new StreamFrame(
            (FrameKind)bytes[3],
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            new StageKey(
                BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
                BinaryPrimitives.ReadInt32LittleEndian(bytes[12..])),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]));
        return true;
    }

    /// <summary>A reason as a payload, cut to what a frame takes.</summary>
    internal static byte[] ReasonBytes(string reason)
    {
        byte[] bytes = new byte[Math.Min(MaxReasonBytes, Encoding.UTF8.GetMaxByteCount(reason.Length))];
        Utf8.FromUtf16(reason, bytes, out _, out int written);
        return bytes[..written];
    }
}
