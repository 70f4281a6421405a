using System.Buffers.Binary;

namespace Halo.Inference.Quantization;

/// <summary>f32 to the block types of 32 columns with 4 or 5 bits, but for Q4_0; rounding as in ggml's reference.</summary>
internal static class BlockQuantizer
{
    /// <summary>Codes of a block.</summary>
    internal const int Columns = 32;

    /// <summary>Q5_0: scale = (the value of largest magnitude, with its sign) / -16; q = value / scale + 16, rounded, at most 31.</summary>
    internal static void Q5_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        float extreme = 0;
        foreach (float value in values)
        {
            if (MathF.Abs(value) > MathF.Abs(extreme))
            {
                extreme = value;
            }
        }

        float scale = extreme / -16f;
        float inverse = scale != 0 ? 1f / scale : 0;
        Span<byte> codes = stackalloc byte[Columns];
        for (int i = 0; i < Columns; i++)
        {
            codes[i] = (byte)Math.Min(31, (int)((values[i] * inverse) + 16.5f));
        }

        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        BinaryPrimitives.WriteUInt32LittleEndian(block[2..], FifthBits(codes));
        PackPairs(codes, block[6..]);
    }

    /// <summary>Q4_1: minimum = the least value; scale = (greatest - least) / 15; q = (value - minimum) / scale, rounded.</summary>
    internal static void Q4_1(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<byte> codes = stackalloc byte[Columns];
        WriteAffine(values, 15, codes, block);
        PackPairs(codes, block[4..]);
    }

    /// <summary>Q5_1: as <see cref="Q4_1"/>, with 31 steps.</summary>
    internal static void Q5_1(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<byte> codes = stackalloc byte[Columns];
        WriteAffine(values, 31, codes, block);
        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], FifthBits(codes));
        PackPairs(codes, block[8..]);
    }

    private static void WriteAffine(ReadOnlySpan<float> values, int steps, Span<byte> codes, Span<byte> block)
    {
        float least = float.MaxValue;
        float greatest = float.MinValue;
        foreach (float value in values)
        {
            least = MathF.Min(least, value);
            greatest = MathF.Max(greatest, value);
        }

        float scale = (greatest - least) / steps;
        float inverse = scale != 0 ? 1f / scale : 0;
        for (int i = 0; i < Columns; i++)
        {
            codes[i] = (byte)Math.Min(steps, (int)(((values[i] - least) * inverse) + 0.5f));
        }

        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], (Half)least);
    }

    private static uint FifthBits(ReadOnlySpan<byte> codes)
    {
        uint bits = 0;
        for (int i = 0; i < Columns; i++)
        {
            bits |= (uint)(codes[i] >> 4) << i;
        }

        return bits;
    }

    private static void PackPairs(ReadOnlySpan<byte> codes, Span<byte> packed)
    {
        for (int j = 0; j < Columns / 2; j++)
        {
            packed[j] = (byte)((codes[j] & 15) | (codes[j + (Columns / 2)] << 4));
        }
    }
}
