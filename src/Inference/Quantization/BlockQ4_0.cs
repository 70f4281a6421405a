using System.Buffers.Binary;

namespace Halo.Inference.Quantization;

/// <summary>32 columns in 18 bytes: value[i] = scale * (q[i] - 8), q in 0..15.</summary>
/// <remarks>Byte 0: f16 scale; byte 2: 16 bytes, byte j holding column j in its low and column j + 16 in its high nibble.</remarks>
internal static class BlockQ4_0
{
    /// <summary>Columns of a block.</summary>
    public const int Columns = 32;

    /// <summary>Bytes of a block.</summary>
    public const int Bytes = 18;

    /// <summary>scale = (the value of largest magnitude, with its sign) / -8; q = value / scale + 8, rounded, at most 15.</summary>
    public static void Quantize(ReadOnlySpan<float> values, Span<byte> block)
    {
        float extreme = 0;
        foreach (float value in values)
        {
            if (MathF.Abs(value) > MathF.Abs(extreme))
            {
                extreme = value;
            }
        }

        float scale = extreme / -8f;
        float inverse = scale != 0 ? 1f / scale : 0;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        for (int j = 0; j < Columns / 2; j++)
        {
            int low = Round(values[j] * inverse);
            int high = Round(values[j + (Columns / 2)] * inverse);
            block[2 + j] = (byte)(low | (high << 4));
        }
    }

    // The extreme value itself becomes -8 + 8.5 = 0; one of equal magnitude and other sign would be 16, hence the bound.
    private static int Round(float scaled) => Math.Min(15, (int)(scaled + 8.5f));
}
