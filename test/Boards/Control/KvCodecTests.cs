using Halo.Boards.Control;
using Halo.Inference.Quantization;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Boards.Tests.Control;

public sealed class KvCodecTests
{
    private static readonly ShardSlice s_slice = new(new ShardId(3, ShardKind.Attention, 1), 2, 4);

    [Fact]
    public void ReadMarks_OfWhatWasWritten_GivesThem()
    {
        KvMark[] marks = [new(long.MaxValue, -5, 0), new(-1, int.MaxValue, 77)];
        (ShardSlice slice, IReadOnlyList<KvMark> read) = KvCodec.ReadMarks(KvCodec.WriteMarks(s_slice, marks));
        Assert.Equal(s_slice, slice);
        Assert.Equal(marks, read);
        Assert.Empty(KvCodec.ReadMarks(KvCodec.WriteMarks(s_slice, [])).Marks);
    }

    [Fact]
    public void ReadBlocks_OfWhatWasWritten_GivesThem()
    {
        KvBlock[] blocks = Blocks();
        (ShardSlice slice, IReadOnlyList<KvBlock> read) = KvCodec.ReadBlocks(KvCodec.WriteBlocks(s_slice, blocks));
        Assert.Equal(s_slice, slice);
        Assert.Equal(blocks.Select(Plain), read.Select(Plain));
        Assert.Equal(blocks.Select(block => block.Data.ToArray()), read.Select(block => block.Data.ToArray()));
    }

    [Fact]
    public void Read_CutShortOrLongerAnywhere_IsRefused()
    {
        byte[] blocks = KvCodec.WriteBlocks(s_slice, Blocks());
        byte[] marks = KvCodec.WriteMarks(s_slice, [new(1, 2, 3), new(4, 5, 6)]);
        for (int length = 0; length < blocks.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => KvCodec.ReadBlocks(blocks.AsMemory(0, length)));
        }

        for (int length = 0; length < marks.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => KvCodec.ReadMarks(marks.AsSpan(0, length)));
        }

        Assert.Throws<InvalidDataException>(() => KvCodec.ReadBlocks((byte[])[.. blocks, 0]));
        Assert.Throws<InvalidDataException>(() => KvCodec.ReadMarks([.. marks, 0]));
        Assert.Throws<InvalidDataException>(() => KvCodec.ReadMarks(blocks));
        Assert.Throws<InvalidDataException>(() => KvCodec.ReadBlocks(marks));
    }

    [Theory]
    [InlineData(4, 1)] // version
    [InlineData(8, -1)] // layer
    [InlineData(12, 1)] // kind
    [InlineData(16, -1)] // index
    [InlineData(20, -1)] // first group
    [InlineData(24, 0)] // groups
    [InlineData(28, -1)] // count
    [InlineData(28, int.MaxValue)]
    [InlineData(44, -1)] // length of a sequence
    [InlineData(44, 2)] // ... before the block's first position
    [InlineData(52, -1)] // first position
    [InlineData(56, -1)] // bytes: a negative number once its upper half is too
    [InlineData(56, int.MaxValue)]
    [InlineData(60, int.MaxValue)]
    [InlineData(60, int.MinValue)]
    [InlineData(64, 3)] // type
    [InlineData(68, 1)] // zero
    public void ReadBlocks_WithAHostileField_IsRefused(int at, int value)
    {
        byte[] bytes = KvCodec.WriteBlocks(s_slice, Blocks());
        BitConverter.TryWriteBytes(bytes.AsSpan(at), value);
        Assert.Throws<InvalidDataException>(() => KvCodec.ReadBlocks(bytes));
    }

    [Fact]
    public void ReadBlocks_OfRandomChanges_NeverFailsOtherwise()
    {
        byte[] good = KvCodec.WriteBlocks(s_slice, Blocks());
        Random random = new(11);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = [.. good];
            bytes[random.Next(32, 96)] = (byte)random.Next(256);
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                KvCodec.ReadBlocks(bytes);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 1999);
    }

    [Fact]
    public void WriteBlocks_OfAnotherShard_IsRefused() =>
        Assert.Throws<ArgumentException>(() => KvCodec.WriteBlocks(s_slice with { FirstGroup = 0 }, Blocks()));

    private static KvBlock[] Blocks() =>
    [
        new(1, s_slice, new KvMark(9, 1, 8), KvType.Q8_0, 5, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 }),
        new(1, s_slice, new KvMark(10, 0, 3), KvType.F16, 3, ReadOnlyMemory<byte>.Empty),
        new(7, s_slice, new KvMark(11, 0, 2), KvType.F32, 0, new byte[16]),
    ];

    private static (int, ShardSlice, KvMark, KvType, int) Plain(KvBlock block) => (block.FormatVersion, block.Slice, block.Mark, block.Type, block.First);
}
