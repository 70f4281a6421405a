using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Reads blocks of 32 weights of one quantised type as an f16 scale and signed int8; the kernels are generic over it.</summary>
/// <remarks>Both types begin a block with the scale; the argument <c>block</c> is always the block's first byte.</remarks>
internal unsafe interface IBlockWeights
{
    /// <summary>Bytes of one block of 32 columns.</summary>
    static abstract int Bytes { get; }

    /// <summary>The weight of column 0..31.</summary>
    static abstract int Load(byte* block, int column);

    /// <summary>The weights of columns 0..15 and 16..31.</summary>
    static abstract void Load128(byte* block, out Vector128<sbyte> low, out Vector128<sbyte> high);

    /// <summary>All 32 weights.</summary>
    static abstract Vector256<sbyte> Load256(byte* block);
}

/// <summary>Layout: <see cref="BlockQ8_0"/>.</summary>
internal readonly unsafe struct Q8_0Weights : IBlockWeights
{
    public static int Bytes => BlockQ8_0.Bytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Load(byte* block, int column) => (sbyte)block[2 + column];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load128(byte* block, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        low = Vector128.Load((sbyte*)block + 2);
        high = Vector128.Load((sbyte*)block + 18);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> Load256(byte* block) => Vector256.Load((sbyte*)block + 2);
}

/// <summary>Layout: <see cref="BlockQ4_0"/>; the 8 is taken off the nibbles here, so that no correction follows.</summary>
internal readonly unsafe struct Q4_0Weights : IBlockWeights
{
    public static int Bytes => BlockQ4_0.Bytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Load(byte* block, int column) =>
        (column < 16 ? block[2 + column] & 15 : block[2 + column - 16] >> 4) - 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load128(byte* block, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        Vector128<byte> packed = Vector128.Load(block + 2);
        Vector128<sbyte> eight = Vector128.Create((sbyte)8);
        low = (packed & Vector128.Create((byte)15)).AsSByte() - eight;
        high = HighNibbles(packed).AsSByte() - eight;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> Load256(byte* block)
    {
        Vector128<byte> packed = Vector128.Load(block + 2);
        Vector256<byte> nibbles = Vector256.Create(packed & Vector128.Create((byte)15), HighNibbles(packed));
        return nibbles.AsSByte() - Vector256.Create((sbyte)8);
    }

    // Shifted as 16-bit lanes and masked: there is no shift of bytes on x64, and its emulation can be very slow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> HighNibbles(Vector128<byte> packed) =>
        (packed.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)15);
}
