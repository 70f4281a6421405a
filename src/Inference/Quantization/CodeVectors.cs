using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>Sixteen codes at a time: what <see cref="CodeWords"/> does, in vectors.</summary>
internal static unsafe class CodeVectors
{
    /// <summary>The nibbles of 16 bytes: low ones are columns 0..15, high ones 16..31.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void LoadNibblePairs(byte* packed, out Vector128<byte> low, out Vector128<byte> high)
    {
        Vector128<byte> bytes = Vector128.Load(packed);
        low = Nibbles(bytes, 0);
        high = Nibbles(bytes, 4);
    }

    /// <summary>One nibble of each of 32 bytes: shift 0 takes the low one, 4 the high one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void LoadNibbles(byte* packed, int shift, out Vector128<byte> low, out Vector128<byte> high)
    {
        low = Nibbles(Vector128.Load(packed), shift);
        high = Nibbles(Vector128.Load(packed + 16), shift);
    }

    /// <summary>codes[c] | bit c of <paramref name="mask"/> as bit 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> AddFifthBits(Vector128<byte> codes, uint mask)
    {
        const ulong EveryByte = 0x0101_0101_0101_0101;
        Vector128<byte> spread = Vector128.Create((byte)mask * EveryByte, (byte)(mask >> 8) * EveryByte).AsByte();
        Vector128<byte> own = Vector128.Create(0x8040_2010_0804_0201ul).AsByte();
        return codes | (Vector128.Equals(spread & own, own) & Vector128.Create((byte)0x10));
    }

    /// <summary>codes[c] | the bits of <paramref name="mask"/> from byte c moved down by <paramref name="shift"/>, as bit 4 and up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> AddUpperBits(Vector128<byte> codes, byte* bits, int shift, byte mask) =>
        codes | (((Vector128.Load(bits).AsUInt16() >>> shift).AsByte() & Vector128.Create(mask)).AsUInt16() << 4).AsByte();

    // Shifted as 16-bit lanes and masked: there is no shift of bytes on x64, and its emulation can be very slow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Nibbles(Vector128<byte> bytes, int shift) => (bytes.AsUInt16() >>> shift).AsByte() & Vector128.Create((byte)15);
}
