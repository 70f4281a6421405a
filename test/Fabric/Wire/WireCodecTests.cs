using Halo.Fabric.Wire;

namespace Halo.Fabric.Tests.Wire;

public sealed class WireCodecTests
{
    [Theory]
    [InlineData(WireType.F32)]
    [InlineData(WireType.F16)]
    [InlineData(WireType.Q8)]
    public void Decode_WhatEncodeWrote_IsWithinTheTypesError(WireType type)
    {
        Random random = new(5);
        for (int length = 0; length <= 257; length++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() - 0.5f) * MathF.Pow(10, random.Next(-3, 3)))];
            byte[] bytes = new byte[WireCodec.ByteCount(type, length)];
            float[] decoded = new float[length];
            WireCodec.Encode(type, values, bytes);
            WireCodec.Decode(type, bytes, decoded);
            for (int i = 0; i < length; i++)
            {
                Assert.InRange(MathF.Abs(decoded[i] - values[i]), 0, Bound(type, values, i));
            }
        }
    }

    // A board adds what it reads back of its own sum, so reading back once more must change nothing.
    [Theory]
    [InlineData(WireType.F32)]
    [InlineData(WireType.F16)]
    public void Encode_OfDecodedValues_GivesTheSameBytes(WireType type)
    {
        Random random = new(6);
        float[] values = [.. Enumerable.Range(0, 100).Select(_ => random.NextSingle() * 100 - 50)];
        byte[] once = new byte[WireCodec.ByteCount(type, values.Length)];
        byte[] twice = new byte[once.Length];
        WireCodec.Encode(type, values, once);
        WireCodec.Decode(type, once, values);
        WireCodec.Encode(type, values, twice);
        Assert.Equal(once, twice);
    }

    [Theory]
    [InlineData(WireType.F32, 33, 132)]
    [InlineData(WireType.F16, 33, 66)]
    [InlineData(WireType.Q8, 32, 36)]
    [InlineData(WireType.Q8, 33, 41)]
    [InlineData(WireType.Q8, 0, 0)]
    public void ByteCount_IsTheFormats(WireType type, int elements, int bytes) => Assert.Equal(bytes, WireCodec.ByteCount(type, elements));

    [Fact]
    public void Encode_Q8OfKnownValues_GivesTheRecordedBytes()
    {
        float[] values = [127, -64, 0, 1];
        byte[] bytes = new byte[WireCodec.ByteCount(WireType.Q8, values.Length)];
        WireCodec.Encode(WireType.Q8, values, bytes);
        Assert.Equal([0, 0, 0x80, 0x3F, 127, 0xC0, 0, 1], bytes);
    }

    [Fact]
    public void Decode_BytesOfAnotherLength_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => WireCodec.Decode(WireType.F16, new byte[7], new float[4]));

    private static float Bound(WireType type, float[] values, int index)
    {
        int block = index / 32 * 32;
        float largest = values.Skip(block).Take(32).Max(MathF.Abs);
        return type switch
        {
            WireType.F32 => 0,
            WireType.F16 => MathF.Abs(values[index]) / 2048 + 6e-8f,
            _ => largest / 254 * 1.0001f,
        };
    }
}
