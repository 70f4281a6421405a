using System.Buffers.Binary;
using Halo.Inference.Quantization;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Boards.Control;

/// <summary>
/// A shard's KV blocks, or the marks of how far a copy reaches, as bytes. Little endian: magic (u32), version (u16), what follows (u16), the
/// shard's layer, kind, index, first group and group count (i32 each), count (i32); then the entries. A mark is sequence (i64), epoch (i32)
/// and length (i32); a block is a mark, format version (i32), first position (i32), bytes (i64), type (i32), zero (i32), and the bytes,
/// padded to a multiple of 8.
/// </summary>
public static class KvCodec
{
    private const uint Magic = 0x564B4C48; // "HLKV"
    private const ushort Version = 2;
    private const ushort Marks = 1;
    private const ushort Blocks = 2;
    private const int HeaderBytes = 32;
    private const int MarkBytes = 16;
    private const int BlockBytes = MarkBytes + 24;

    /// <summary>Writes marks of one shard.</summary>
    public static byte[] WriteMarks(ShardSlice slice, IReadOnlyList<KvMark> marks)
    {
        byte[] bytes = new byte[HeaderBytes + (long)marks.Count * MarkBytes];
        Span<byte> at = WriteHeader(bytes, Marks, slice, marks.Count);
        foreach (KvMark mark in marks)
        {
            WriteMark(at, mark);
            at = at[MarkBytes..];
        }

        return bytes;
    }

    /// <summary>Reads what <see cref="WriteMarks"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are no marks of this version; the message says where they go wrong.</exception>
    public static (ShardSlice Slice, IReadOnlyList<KvMark> Marks) ReadMarks(ReadOnlySpan<byte> bytes)
    {
        (ShardSlice slice, int count) = ReadHeader(bytes, Marks, MarkBytes);
        ReadOnlySpan<byte> at = bytes[HeaderBytes..];
        KvMark[] marks = new KvMark[count];
        for (int i = 0; i < count; i++)
        {
            marks[i] = ReadMark(at);
            at = at[MarkBytes..];
        }

        CheckEnd(at.Length);
        return (slice, marks);
    }

    /// <summary>Writes blocks of one shard.</summary>
    /// <exception cref="ArgumentException">A block is another shard's, or together they are longer than an array can be.</exception>
    public static byte[] WriteBlocks(ShardSlice slice, IReadOnlyList<KvBlock> blocks)
    {
        long length = HeaderBytes + blocks.Sum(block => BlockBytes + Padded(block.Data.Length));
        if (length > Array.MaxLength || blocks.Any(block => block.Slice != slice))
        {
            throw new ArgumentException($"{blocks.Count} KV blocks of {length} bytes are too long for one message, or not all of shard {slice.Shard}.", nameof(blocks));
        }

        byte[] bytes = new byte[length];
        Span<byte> at = WriteHeader(bytes, Blocks, slice, blocks.Count);
        foreach (KvBlock block in blocks)
        {
            WriteMark(at, block.Mark);
            BinaryPrimitives.WriteInt32LittleEndian(at[16..], block.FormatVersion);
            BinaryPrimitives.WriteInt32LittleEndian(at[20..], block.First);
            BinaryPrimitives.WriteInt64LittleEndian(at[24..], block.Data.Length);
            BinaryPrimitives.WriteInt32LittleEndian(at[32..], (int)block.Type);
            block.Data.Span.CopyTo(at[BlockBytes..]);
            at = at[(BlockBytes + (int)Padded(block.Data.Length))..];
        }

        return bytes;
    }

    /// <summary>Reads what <see cref="WriteBlocks"/> wrote; the blocks' data stays where it is.</summary>
    /// <exception cref="InvalidDataException">The bytes are no blocks of this version; the message says where they go wrong.</exception>
    public static (ShardSlice Slice, IReadOnlyList<KvBlock> Blocks) ReadBlocks(ReadOnlyMemory<byte> bytes)
    {
        (ShardSlice slice, int count) = ReadHeader(bytes.Span, Blocks, BlockBytes);
        ReadOnlyMemory<byte> at = bytes[HeaderBytes..];
        KvBlock[] blocks = new KvBlock[count];
        for (int i = 0; i < count; i++)
        {
            blocks[i] = ReadBlock(ref at, slice);
        }

        CheckEnd(at.Length);
        return (slice, blocks);
    }

    private static Span<byte> WriteHeader(Span<byte> bytes, ushort what, ShardSlice slice, int count)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], what);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], slice.Shard.Layer);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], (int)slice.Shard.Kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], slice.Shard.Index);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], slice.FirstGroup);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], slice.GroupCount);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[28..], count);
        return bytes[HeaderBytes..];
    }

    private static (ShardSlice Slice, int Count) ReadHeader(ReadOnlySpan<byte> bytes, ushort what, int entryBytes)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) != Version || BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) != what)
        {
            throw new InvalidDataException("These bytes are no KV of a version that this board understands; run the same version on all boards.");
        }

        int kind = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        ShardId shard = new(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), (ShardKind)kind, BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]));
        ShardSlice slice = new(shard, BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]));
        if (kind != (int)ShardKind.Attention || shard.Layer < 0 || shard.Index < 0 || slice.FirstGroup < 0 || slice.GroupCount <= 0)
        {
            throw new InvalidDataException(
                $"KV is said to be of kind {kind}, layer {shard.Layer}, shard {shard.Index}, {slice.GroupCount} groups from {slice.FirstGroup}: no attention shard.");
        }

        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]);
        return count >= 0 && count <= (bytes.Length - HeaderBytes) / entryBytes
            ? (slice, count)
            : throw new InvalidDataException($"The KV of shard {shard} ends within its list of {count} entries.");
    }

    private static void WriteMark(Span<byte> bytes, KvMark mark)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, mark.SequenceId);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], mark.Epoch);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], mark.Length);
    }

    private static KvMark ReadMark(ReadOnlySpan<byte> bytes)
    {
        KvMark mark = new(
            BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]));
        return mark.Length >= 0 ? mark : throw new InvalidDataException($"The KV of sequence {mark.SequenceId} has length {mark.Length}.");
    }

    private static KvBlock ReadBlock(ref ReadOnlyMemory<byte> at, ShardSlice slice)
    {
        if (at.Length < BlockBytes)
        {
            throw new InvalidDataException($"The KV of shard {slice.Shard} ends within a block's head.");
        }

        ReadOnlySpan<byte> head = at.Span;
        KvMark mark = ReadMark(head);
        int format = BinaryPrimitives.ReadInt32LittleEndian(head[16..]);
        int first = BinaryPrimitives.ReadInt32LittleEndian(head[20..]);
        long length = BinaryPrimitives.ReadInt64LittleEndian(head[24..]);
        if (first < 0 || first > mark.Length || length < 0 || length > at.Length || Padded(length) > at.Length - BlockBytes)
        {
            throw new InvalidDataException(
                $"The KV block of sequence {mark.SequenceId}, positions {first} to {mark.Length}, with {length} bytes does not fit what was sent.");
        }

        KvType type = (KvType)BinaryPrimitives.ReadInt32LittleEndian(head[32..]);
        if (!Enum.IsDefined(type) || BinaryPrimitives.ReadInt32LittleEndian(head[36..]) != 0)
        {
            throw new InvalidDataException($"The KV of sequence {mark.SequenceId} is of type {type}, which this version does not know.");
        }

        KvBlock block = new(format, slice, mark, type, first, at.Slice(BlockBytes, (int)length));
        at = at[(BlockBytes + (int)Padded(length))..];
        return block;
    }

    private static void CheckEnd(int left)
    {
        if (left != 0)
        {
            throw new InvalidDataException($"{left} bytes follow the end of the KV.");
        }
    }

    private static long Padded(long bytes) => (bytes + 7) & ~7L;
}
