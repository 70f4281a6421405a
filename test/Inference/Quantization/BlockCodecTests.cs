using FsCheck;
using FsCheck.Fluent;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Quantization;

public sealed class BlockCodecTests
{
    [Theory]
    [InlineData(TensorType.F32, 0)]
    [InlineData(TensorType.F16, 1 / 2048.0)] // 11 significant bits
    [InlineData(TensorType.BF16, 1 / 256.0)] // 8 significant bits
    public void RoundTrip_FloatTypes_StaysWithinHalfAUnit(TensorType type, double tolerance)
    {
        Prop.ForAll<NormalFloat[]>(numbers =>
        {
            float[] values = [.. numbers.Select(number => (float)(number.Get % 1000))];
            float[] back = RoundTrip(type, values);
            // Below 2^-14 a half is subnormal: its error is absolute.
            return values.Zip(back).All(pair => Math.Abs(pair.First - pair.Second) <= (tolerance * Math.Abs(pair.First)) + (tolerance * 6.2e-5));
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(TensorType.Q8_0, 254.0)]
    [InlineData(TensorType.Q4_0, 8.0)] // an even value of the other sign than the extreme one may be clipped by a whole step
    [InlineData(TensorType.Q5_0, 16.0)]
    [InlineData(TensorType.Q4_1, 15.0)] // half of a step of (greatest - least) / 15
    [InlineData(TensorType.Q5_1, 31.0)]
    [InlineData(TensorType.Q4_K, 7.5)] // the scales are rounded to 6 bits, 1/63 of the greatest
    [InlineData(TensorType.Q5_K, 15.0)]
    [InlineData(TensorType.Q6_K, 30.0)]
    public void RoundTrip_BlockTypes_StaysWithinAStep(TensorType type, double steps)
    {
        Random random = new(1);
        for (int round = 0; round < 200; round++)
        {
            float[] values = [.. Enumerable.Range(0, TensorTypes.BlockColumns(type)).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, round % 7 - 3)))];
            float[] back = RoundTrip(type, values);
            double extreme = values.Max(Math.Abs);

            // Half a step, and the f16 rounding of the scale; below 6e-5 the scale is a subnormal half.
            // Large blocks round their small scales to 1/63 or 1/127 of the greatest, too.
            double tolerance = (extreme / steps) + (extreme / 1024) + (128 * 6e-8) + (values.Length == 32 ? 0 : 64 * 63 * 6e-8);
            Assert.All(values.Zip(back), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, tolerance));
        }
    }

    [Theory]
    [InlineData(TensorType.Q8_0)]
    [InlineData(TensorType.Q4_0)]
    [InlineData(TensorType.Q4_1)]
    [InlineData(TensorType.Q5_0)]
    [InlineData(TensorType.Q5_1)]
    [InlineData(TensorType.Q4_K)]
    [InlineData(TensorType.Q5_K)]
    [InlineData(TensorType.Q6_K)]
    public void Quantize_Zeros_GivesZeros(TensorType type) => Assert.Equal(new float[512], RoundTrip(type, new float[512]));

    [Fact]
    public void Quantize_Q8_0_RoundsHalvesAwayFromZeroAndStoresScaleFirst()
    {
        float[] values = new float[32];
        values[0] = 127;
        values[1] = 2.5f;
        values[2] = -2.5f;
        values[31] = -127;
        byte[] block = new byte[34];
        BlockCodec.Quantize(TensorType.Q8_0, values, block);

        Assert.Equal((Half)1f, BitConverter.ToHalf(block));
        Assert.Equal([127, 3, -3], block[2..5].Select(q => (int)(sbyte)q));
        Assert.Equal(-127, (sbyte)block[33]);
    }

    [Fact]
    public void Quantize_Q4_0_TakesTheSignOfTheExtremeAndInterleavesHalves()
    {
        float[] values = new float[32];
        values[0] = 8; // extreme: scale -1, q 0
        values[1] = -8; // q 16, bounded to 15
        values[16] = 3; // q = -3 + 8
        byte[] block = new byte[18];
        BlockCodec.Quantize(TensorType.Q4_0, values, block);

        Assert.Equal((Half)(-1f), BitConverter.ToHalf(block));
        Assert.Equal(0x50, block[2]);
        Assert.Equal(0x8F, block[3]);
        float[] back = new float[32];
        BlockCodec.Dequantize(TensorType.Q4_0, block, back);
        Assert.Equal([8, -7, 0], back[..3]);
        Assert.Equal(3, back[16]);
    }

    [Theory]
    [InlineData(0x3F808000u, 0x3F80)] // tie to even: down
    [InlineData(0x3F818000u, 0x3F82)] // tie to even: up
    [InlineData(0x3F808001u, 0x3F81)]
    [InlineData(0x7F7FFFFFu, 0x7F80)] // the largest f32 rounds to infinity
    [InlineData(0xFF800000u, 0xFF80)] // -infinity
    [InlineData(0x7F800001u, 0x7FC0)] // NaN stays NaN
    public void Quantize_BF16_RoundsToNearestEven(uint bits, int expected)
    {
        byte[] block = new byte[2];
        BlockCodec.Quantize(TensorType.BF16, [BitConverter.UInt32BitsToSingle(bits)], block);

        Assert.Equal(expected, BitConverter.ToUInt16(block));
    }

    [Fact]
    public void ToSingle_EveryFiniteHalf_IsExact()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)bits);
            if (Half.IsFinite(half))
            {
                Assert.Equal((float)half, HalfBits.ToSingle((ushort)bits));
            }
        }
    }

    [Fact]
    public void Dequantize_WrongLengthOrType_Throws()
    {
        Assert.Throws<ArgumentException>(() => BlockCodec.Dequantize(TensorType.Q8_0, new byte[33], new float[32]));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockCodec.Dequantize(TensorType.Q8_0, new byte[34], new float[31]));
        Assert.Throws<NotSupportedException>(() => BlockCodec.Quantize(TensorType.Q3_K, new float[256], new byte[110]));
    }

    private static float[] RoundTrip(TensorType type, float[] values)
    {
        byte[] blocks = new byte[TensorTypes.RowBytes(type, values.Length)];
        BlockCodec.Quantize(type, values, blocks);
        float[] back = new float[values.Length];
        BlockCodec.Dequantize(type, blocks, back);
        return back;
    }
}
