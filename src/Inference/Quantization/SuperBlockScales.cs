using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

    /// <summary>scales[j] = scale j times <paramref name="scale"/>, minima[j] = minimum j times <paramref name="minimum"/>; eight of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Read(byte* packed, float scale, float minimum, float* scales, float* minima)
    {
        const uint Six = 0x3F3F_3F3F;
        const uint Four = 0x0F0F_0F0F;
        const uint TopTwo = 0x3030_3030;
        (uint first, uint second, uint third) = (CodeWords.Load(packed), CodeWords.Load(packed + 4), CodeWords.Load(packed + 8));
        Widen(first & Six, (third & Four) | ((first >> 2) & TopTwo), scale, scales);
        Widen(second & Six, ((third >> 4) & Four) | ((second >> 2) & TopTwo), minimum, minima);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(uint low, uint high, float factor, float* values)
    {
        Vector128<ushort> bytes = Vector128.WidenLower(Vector128.CreateScalarUnsafe(low | ((ulong)high << 32)).AsByte());
        (Vector128<uint> a, Vector128<uint> b) = Vector128.Widen(bytes);
        (Vector128.ConvertToSingle(a.AsInt32()) * factor).Store(values);
        (Vector128.ConvertToSingle(b.AsInt32()) * factor).Store(values + 4);
    }

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
