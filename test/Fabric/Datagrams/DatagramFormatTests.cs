using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>Pins the bytes of a datagram: whoever changes them changes the version.</summary>
public sealed class DatagramFormatTests
{
    private static readonly byte[] s_key = [.. Enumerable.Range(0, AeadCipher.KeyBytes).Select(i => (byte)i)];
    private static readonly ChunkHead s_chunk = new(
        0x0102, FrameKind.PartialSum, new StageKey(7, 0x0A0B0C0D0E, 43), 640, 0, 128, 2560, 4, Class: 0, Copy: 2);

    [Fact]
    public void Heads_OfKnownContent_HaveTheRecordedBytes()
    {
        byte[] bytes = new byte[DatagramFormat.OutsideBytes + DatagramHead.Bytes + ChunkHead.Bytes];
        DatagramFormat.WriteOutside(bytes, 5, 0xAABBCCDD, 0x1122334455667788);
        new DatagramHead(9, 0x8000000000000001, 3, 4, 5, 6, 1, Incast: 0x0203).Write(bytes.AsSpan(16));
        s_chunk.Write(bytes.AsSpan(50));
        Assert.Equal(
            "48440205DDCCBBAA8877665544332211"
            + "090000000000000001000000000000800300000004000000050000000600" + "0100" + "0302"
            + "02010000000000000E0D0C0B0A000000070000002B0000008002000000000000800000000" + "00A0000" + "0400" + "020002" + "000000",
            Convert.ToHexString(bytes));
        Assert.True(DatagramFormat.TryReadOutside([.. bytes, .. new byte[AeadCipher.TagBytes]], out int sender, out uint keyId, out ulong number));
        Assert.Equal((5, 0xAABBCCDDu, 0x1122334455667788ul), (sender, keyId, number));
        Assert.True(ChunkHead.TryRead([.. bytes.AsSpan(50), 1, 2, 3, 4], out ChunkHead read));
        Assert.Equal(s_chunk, read);
    }

    // Computed from the description of the format by another program, with another library.
    [Theory]
    [InlineData(
        FrameCipherKind.AesGcm,
        "48440205DDCCBBAA4D00000000000000FE3C4B003F969A1A518BAC496F729F83964B3FC4F1EBAC7476C866EDA97EE1A4"
        + "4AB052645BBC9776092D9AFE19358D74A404D64AED32CFEA7C74F7C67D9B6455CA0417E4A479FCCCA6E1EC3E69DD66A5"
        + "53C9E99466B178B31DC458C8F1553445D8F10C055BE0")]
    [InlineData(
        FrameCipherKind.ChaCha20Poly1305,
        "48440205DDCCBBAA4D00000000000000929ABBFF26CFA31EE4027A21A22713DC172D254C322628C3C4423564FD6CB603"
        + "DBDD72CABE7BF0883A88EEAAA9552522F5977394A16B4C70DE10FE24792488ED2FFC90A41E6B75E86B4684472C4E7F05"
        + "C521B2D9BCD34D49B1BD8447EE8FE0CC94CD2E8C2B54")]
    public void Seal_OfKnownContent_HasTheRecordedBytes(FrameCipherKind kind, string expected)
    {
        using AeadCipher cipher = new(kind, s_key);
        DatagramWriter writer = new(new byte[DatagramFormat.MaxBytes]);
        Assert.True(writer.TryAdd(s_chunk, [1, 2, 3, 4]));
        Assert.Equal(expected, Convert.ToHexString(writer.Seal(new DatagramHead(9, 1, 3, 4, 5, 6, 0), cipher, 5, 0xAABBCCDD, 77)));
    }

    // Computed from the description as well: the parity of three chunks of a message of 11 bytes, in chunks of 2, of which every second is a member.
    [Fact]
    public void HeadOf_ParityOfKnownContent_HasTheRecordedBytes()
    {
        ChunkHead first = new(5, FrameKind.PartialSum, s_chunk.Key, 640, 0, 0, 11, 2);
        byte[] bytes = [.. new byte[ChunkHead.Bytes], 0x12, 0x27];
        ParityChunk.HeadOf(first, members: 3, distance: 2).Write(bytes);
        Assert.Equal(
            "0500000000000000" + "0E0D0C0B0A000000070000002B000000" + "8002000000000000" + "000000000B0000000200" + "020003" + "030200" + "1227",
            Convert.ToHexString(bytes));
        Assert.True(ChunkHead.TryRead(bytes, out ChunkHead read));
        Assert.True(ParityChunk.TryRead(read, out ParityChunk parity));
        Assert.Equal((3, 5, 9, 2), (parity.Members, parity.First, parity.Last, parity.Bytes));
        Assert.Equal(first with { Sequence = 9, Offset = 8, ChunkBytes = 2 }, parity.Member(2));
    }

    [Fact]
    public void TryAdd_ChunksOfAllSizes_NeverPassTheMost()
    {
        using AeadCipher cipher = new(FrameCipherKind.AesGcm, s_key);
        for (int size = 0; size <= DatagramFormat.MaxChunkBytes; size += 7)
        {
            DatagramWriter writer = new(new byte[DatagramFormat.MaxBytes]);
            int chunks = 0;
            while (writer.TryAdd(s_chunk with { ChunkBytes = size }, new byte[size]))
            {
                chunks++;
            }

            int bytes = writer.Seal(default, cipher, 0, 0, 1).Length;
            Assert.InRange(bytes, DatagramFormat.MinBytes, DatagramFormat.MaxBytes);
            Assert.True(chunks >= 1 && bytes + ChunkHead.Bytes + size > DatagramFormat.MaxBytes, $"{chunks} chunks of {size} bytes.");
        }
    }

    [Theory]
    [InlineData(42, 0)]    // no kind
    [InlineData(42, 9)]
    [InlineData(43, 2)]    // no class
    [InlineData(35, 0x80)] // offset below zero
    [InlineData(39, 0x80)] // message of less than no bytes
    [InlineData(41, 1)]    // more bytes than there are
    [InlineData(7, 0x80)]  // sequence below zero
    [InlineData(34, 1)]    // past the message's end
    [InlineData(45, 4)]    // no route
    public void TryRead_ChunkThatCannotBe_Refuses(int at, byte value)
    {
        byte[] bytes = new byte[ChunkHead.Bytes + 4];
        s_chunk.Write(bytes);
        Assert.True(ChunkHead.TryRead(bytes, out _));
        bytes[at] = value;
        Assert.False(ChunkHead.TryRead(bytes, out _));
    }

    [Fact]
    public void Of_OneLink_GivesEachDirectionItsOwnKeyAndNoneOfTheLink()
    {
        LinkKeys link = new(FrameCipherKind.AesGcm, s_key, [.. s_key.Reverse()]);
        DatagramKeys one = DatagramKeys.Of(link);
        DatagramKeys other = DatagramKeys.Of(new LinkKeys(link.Cipher, link.Receive, link.Send));
        Assert.Equal((one.Send.Id, one.Receive.Id), (other.Receive.Id, other.Send.Id));
        Assert.Equal(one.Send.Key, other.Receive.Key);
        Assert.NotEqual(one.Send.Key, one.Receive.Key);
        Assert.NotEqual(link.Send, one.Send.Key);
    }
}
