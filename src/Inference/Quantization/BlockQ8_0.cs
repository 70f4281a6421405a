using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Halo.Inference.Quantization;

/// <summary>32 columns in 34 bytes: value[i] = scale * q[i].</summary>
/// <remarks>Byte 0: f16 scale; byte 2: 32 signed 8-bit q.</remarks>
internal static class BlockQ8_0
{
    /// <summary>Columns of a block.</summary>
    public const int Columns = 32;

    /// <summary>Bytes of a block.</summary>
    public const int Bytes = 34;

    /// <summary>scale = max |value| / 127; q = value / scale, halves away from zero.</summary>
    public static void Quantize(ReadOnlySpan<float> values, Span<byte> block)
    {
        float largest = 0;
        foreach (float value in values)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        // The q come from the f32 scale and not from the rounded one that is stored: ggml's reference does so.
        float scale = largest / 127f;
        float inverse = scale != 0 ? 1f / scale : 0;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        Span<sbyte> q = MemoryMarshal.Cast<byte, sbyte>(block[2..]);
        for (int i = 0; i < Columns; i++)
        {
            q[i] = (sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }
}
