using System.Runtime.CompilerServices;

namespace Halo.Inference.Quantization;

/// <summary>Four codes at a time in the bytes of a word: how packed nibbles and single high bits come apart and together.</summary>
internal static unsafe class CodeWords
{
    private const uint LowNibbles = 0x0F0F_0F0F;
    private const uint LowestBits = 0x0101_0101;

    /// <summary>codes[i] = the nibbles of 16 bytes: the low ones are columns 0..15, the high ones 16..31.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ReadNibblePairs(byte* packed, uint* codes)
    {
        for (int i = 0; i < 4; i++)
        {
            uint word = Load(packed + (4 * i));
            codes[i] = word & LowNibbles;
            codes[i + 4] = (word >> 4) & LowNibbles;
        }
    }

    /// <summary>codes[i] = one nibble of each of 32 bytes: the low one, or the high one where <paramref name="high"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ReadNibbles(byte* packed, bool high, uint* codes)
    {
        int shift = high ? 4 : 0;
        for (int i = 0; i < 8; i++)
        {
            codes[i] = (Load(packed + (4 * i)) >> shift) & LowNibbles;
        }
    }

    /// <summary>Adds bit 4 of 32 codes from a mask: bit c belongs to column c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddFifthBits(uint mask, uint* codes)
    {
        for (int i = 0; i < 8; i++)
        {
            codes[i] |= Spread((mask >> (4 * i)) & 15) << 4;
        }
    }

    /// <summary>The four lowest bits of <paramref name="bits"/>, one in each byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Spread(uint bits) => (bits * 0x0020_4081) & LowestBits;

    /// <summary>Four bytes from anywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Load(byte* bytes) => Unsafe.ReadUnaligned<uint>(bytes);

    /// <summary>The f16 at <paramref name="bytes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Half(byte* bytes) => HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(bytes));
}
