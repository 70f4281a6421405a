using System.Buffers.Binary;

namespace Halo.Inference.Quantization;

/// <summary>f32 to the block types of 256 columns.</summary>
/// <remarks>
/// Plain: each part gets the scale that its extremes ask for. ggml's quantiser searches for scales with a smaller squared error, so its files
/// are a little better at the same size; this one makes files for timings and tests, not for publishing.
/// </remarks>
internal static class SuperBlockQuantizer
{
    private const int Columns = 256;
    private const int PartColumns = IBlockFormat.PartColumns;
    private const int HalfColumns = 16;
    private const int MostPartScale = 63;
    private const int MostHalfScale = 127;

    /// <summary>Q4_K.</summary>
    internal static void Q4_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<byte> codes = stackalloc byte[Columns];
        WriteAffine(values, 15, codes, block);
        PackNibbles(codes, block[FormatQ4_K.CodesAt..]);
    }

    /// <summary>Q5_K.</summary>
    internal static void Q5_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<byte> codes = stackalloc byte[Columns];
        WriteAffine(values, 31, codes, block);
        Span<byte> fifth = block.Slice(FormatQ5_K.FifthBitsAt, PartColumns);
        fifth.Clear();
        for (int i = 0; i < Columns; i++)
        {
            fifth[i % PartColumns] |= (byte)(codes[i] >> 4 << (i / PartColumns));
        }

        PackNibbles(codes, block[FormatQ5_K.CodesAt..]);
    }

    /// <summary>Q6_K.</summary>
    internal static void Q6_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        // The extreme of each half goes to code 0, as in the types of 32 columns: scale = extreme / -32.
        Span<float> wanted = stackalloc float[Columns / HalfColumns];
        for (int half = 0; half < wanted.Length; half++)
        {
            wanted[half] = Extreme(values.Slice(half * HalfColumns, HalfColumns)) / -32f;
        }

        Half scale = (Half)(MathF.Abs(Extreme(wanted)) / MostHalfScale);
        BinaryPrimitives.WriteHalfLittleEndian(block[FormatQ6_K.ScaleAt..], scale);
        Span<byte> codes = stackalloc byte[Columns];
        for (int half = 0; half < wanted.Length; half++)
        {
            int halfScale = (float)scale > 0 ? (int)Math.Clamp(MathF.Round(wanted[half] / (float)scale), -MostHalfScale, MostHalfScale) : 0;
            block[FormatQ6_K.ScalesAt + half] = (byte)halfScale;
            float step = (float)scale * halfScale;
            for (int i = half * HalfColumns; i < (half + 1) * HalfColumns; i++)
            {
                codes[i] = (byte)(step != 0 ? Math.Clamp((int)MathF.Round(values[i] / step) + 32, 0, 63) : 32);
            }
        }

        PackSixBits(codes, block);
    }

    private static float Extreme(ReadOnlySpan<float> values)
    {
        float extreme = 0;
        foreach (float value in values)
        {
            if (MathF.Abs(value) > MathF.Abs(extreme))
            {
                extreme = value;
            }
        }

        return extreme;
    }

    // Head, part scales and minima; codes = the values in units of what was stored.
    private static void WriteAffine(ReadOnlySpan<float> values, int steps, Span<byte> codes, Span<byte> block)
    {
        Span<float> scales = stackalloc float[SuperBlockScales.Count];
        Span<float> minima = stackalloc float[SuperBlockScales.Count];
        for (int part = 0; part < SuperBlockScales.Count; part++)
        {
            (scales[part], minima[part]) = Range(values.Slice(part * PartColumns, PartColumns), steps);
        }

        Half scale = (Half)(Extreme(scales) / MostPartScale);
        Half minimum = (Half)(Extreme(minima) / MostPartScale);
        BinaryPrimitives.WriteHalfLittleEndian(block, scale);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], minimum);
        Span<byte> partScales = stackalloc byte[SuperBlockScales.Count];
        Span<byte> partMinima = stackalloc byte[SuperBlockScales.Count];
        for (int part = 0; part < SuperBlockScales.Count; part++)
        {
            partScales[part] = Units(scales[part], (float)scale);
            partMinima[part] = Units(minima[part], (float)minimum);
            float step = (float)scale * partScales[part];
            float least = (float)minimum * partMinima[part];
            for (int i = part * PartColumns; i < (part + 1) * PartColumns; i++)
            {
                codes[i] = (byte)(step != 0 ? Math.Clamp((int)MathF.Round((values[i] + least) / step), 0, steps) : 0);
            }
        }

        SuperBlockScales.Pack(partScales, partMinima, block.Slice(FormatQ4_K.ScalesAt, SuperBlockScales.Bytes));
    }

    // A minimum is taken off, so it cannot be below 0: where all values are positive the range starts at 0.
    private static (float Scale, float Minimum) Range(ReadOnlySpan<float> values, int steps)
    {
        float least = 0;
        float greatest = 0;
        foreach (float value in values)
        {
            least = MathF.Min(least, value);
            greatest = MathF.Max(greatest, value);
        }

        return ((greatest - least) / steps, -least);
    }

    private static byte Units(float value, float unit) => unit > 0 ? (byte)Math.Clamp(MathF.Round(value / unit), 0, MostPartScale) : (byte)0;

    private static void PackNibbles(ReadOnlySpan<byte> codes, Span<byte> packed)
    {
        for (int i = 0; i < Columns / 2; i++)
        {
            int low = (i / PartColumns * 2 * PartColumns) + (i % PartColumns);
            packed[i] = (byte)((codes[low] & 15) | (codes[low + PartColumns] << 4));
        }
    }

    private static void PackSixBits(ReadOnlySpan<byte> codes, Span<byte> block)
    {
        block[..FormatQ6_K.ScalesAt].Clear();
        for (int i = 0; i < Columns; i++)
        {
            (int run, int within, int column) = (i / 128, i / PartColumns % 4, i % PartColumns);
            block[(run * 64) + (within % 2 * PartColumns) + column] |= (byte)((codes[i] & 15) << (within / 2 * 4));
            block[FormatQ6_K.UpperBitsAt + (run * PartColumns) + column] |= (byte)(codes[i] >> 4 << (2 * within));
        }
    }
}
