using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Quantization;

public sealed class HalfEncoderTests
{
    [Fact]
    public void Encode_OfEveryFiniteHalf_GivesItBack()
    {
        ushort[] halves = [.. Enumerable.Range(0, 65_536).Select(bits => (ushort)bits).Where(bits => Half.IsFinite(BitConverter.UInt16BitsToHalf(bits)))];
        float[] values = [.. halves.Select(bits => (float)BitConverter.UInt16BitsToHalf(bits))];
        Assert.Equal(halves, Encoded(values));
        Assert.Equal(values, halves.Select(HalfBits.ToSingle));
    }

    [Fact]
    public void Encode_OfRandomFloats_RoundsAsHalfDoes()
    {
        Random random = new(1);
        float[] values = [.. Enumerable.Range(0, 200_001).Select(i => i % 2 == 0
            ? BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue))
            : (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-28, 18))))];
        ushort[] encoded = Encoded(values);
        int finite = 0;
        for (int i = 0; i < values.Length; i++)
        {
            Half expected = (Half)values[i];
            if (Half.IsNaN(expected))
            {
                Assert.True(Half.IsNaN(BitConverter.UInt16BitsToHalf(encoded[i])), $"{values[i]}");
                continue;
            }

            finite += Half.IsFinite(expected) ? 1 : 0;
            Half kept = Half.IsInfinity(expected) ? (Half)(MathF.Sign(values[i]) * 65_504f) : expected; // what overflows saturates
            Assert.True(BitConverter.HalfToUInt16Bits(kept) == encoded[i], $"{values[i]:R} is {kept}, not {BitConverter.UInt16BitsToHalf(encoded[i])}.");
        }

        Assert.InRange(finite, 100_000, 199_999);
    }

    // Between two neighbours, just below and just above the middle: where rounding goes wrong first.
    [Fact]
    public void Encode_AroundTheMiddleOfNeighbours_RoundsAsHalfDoes()
    {
        List<float> values = [];
        for (ushort bits = 0; bits < 0x7BFF; bits++)
        {
            float middle = ((float)BitConverter.UInt16BitsToHalf(bits) + (float)BitConverter.UInt16BitsToHalf((ushort)(bits + 1))) / 2;
            values.AddRange([MathF.BitDecrement(middle), middle, MathF.BitIncrement(middle), -middle]);
        }

        Assert.Equal(values.Select(value => BitConverter.HalfToUInt16Bits((Half)value)), Encoded([.. values]));
    }

    [Theory]
    [InlineData(65_519.99f, 65_504f)]
    [InlineData(65_520f, 65_504f)]
    [InlineData(1e30f, 65_504f)]
    [InlineData(float.PositiveInfinity, 65_504f)]
    [InlineData(float.NegativeInfinity, -65_504f)]
    public void Encode_OfWhatIsTooLarge_Saturates(float value, float expected) =>
        Assert.All(Encoded([.. Enumerable.Repeat(value, 9)]), bits => Assert.Equal(expected, (float)BitConverter.UInt16BitsToHalf(bits)));

    [Fact]
    public void Encode_IntoTooLittleRoom_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => HalfEncoder.Encode(new float[9], new ushort[8]));

    // Vectors and single numbers must agree: both are asked for each value.
    private static ushort[] Encoded(float[] values)
    {
        ushort[] halves = new ushort[values.Length];
        HalfEncoder.Encode(values, halves);
        Assert.Equal(values.Select(HalfEncoder.Encode), halves);
        return halves;
    }
}
