using System.Runtime.CompilerServices;

namespace Halo.Inference.Quantization;

/// <summary>The eight 6-bit scales and minima of a Q4_K or Q5_K block, packed into 12 bytes.</summary>
/// <remarks>
/// Byte j below 4 has scale j, byte j + 4 minimum j, in their lower six bits. The lower four bits of scale and minimum 4 + j are the low and
/// the high nibble of byte 8 + j; their upper two are the top bits of bytes j and j + 4.
/// </remarks>
internal static unsafe class SuperBlockScales
{
    /// <summary>Scales, and minima, in a block.</summary>
    internal const int Count = 8;

    /// <summary>Bytes of both together.</summary>
    internal const int Bytes = 12;

    /// <summary>Scale <paramref name="part"/>, 0..63.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Scale(byte* packed, int part) => part < 4
        ? packed[part] & 63
        : (packed[part + 4] & 15) | (packed[part - 4] >> 6 << 4);

    /// <summary>Minimum <paramref name="part"/>, 0..63.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Minimum(byte* packed, int part) => part < 4
        ? packed[part + 4] & 63
        : (packed[part + 4] >> 4) | (packed[part] >> 6 << 4);

    /// <summary>packed = eight scales and eight minima, each 0..63.</summary>
    internal static void Pack(ReadOnlySpan<byte> scales, ReadOnlySpan<byte> minima, Span<byte> packed)
    {
        for (int j = 0; j < 4; j++)
        {
            packed[j] = (byte)(scales[j] | (scales[j + 4] >> 4 << 6));
            packed[j + 4] = (byte)(minima[j] | (minima[j + 4] >> 4 << 6));
            packed[j + 8] = (byte)((scales[j + 4] & 15) | ((minima[j + 4] & 15) << 4));
        }
    }
}
