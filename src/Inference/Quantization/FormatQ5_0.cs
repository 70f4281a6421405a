using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>32 columns in 22 bytes: value[i] = scale * (q[i] - 16), q in 0..31.</summary>
/// <remarks>Byte 0: f16 scale; byte 2: the columns' fifth bits, column c in bit c; byte 6: the lower four, as in Q4_0.</remarks>
internal readonly unsafe struct FormatQ5_0 : IBlockFormat
{
    static int IBlockFormat.Columns => 32;

    static int IBlockFormat.Bytes => 22;

    static int IBlockFormat.Bits => 5;

    static int IBlockFormat.Offset => 16;

    static bool IBlockFormat.HasMinimum => false;

    static bool IBlockFormat.HasHalfScales => false;

    static void IBlockFormat.ReadCodes(byte* block, int part, uint* codes)
    {
        CodeWords.ReadNibblePairs(block + 6, codes);
        CodeWords.AddFifthBits(CodeWords.Load(block + 2), codes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        CodeVectors.LoadNibblePairs(block + 6, out Vector128<byte> a, out Vector128<byte> b);
        uint fifth = CodeWords.Load(block + 2);
        a = CodeVectors.AddFifthBits(a, fifth);
        b = CodeVectors.AddFifthBits(b, fifth >> 16);
        low = a.AsSByte() - Vector128.Create((sbyte)16);
        high = b.AsSByte() - Vector128.Create((sbyte)16);
    }

    static float IBlockFormat.ReadScale(byte* block, int half) => CodeWords.Half(block);

    static float IBlockFormat.ReadMinimum(byte* block, int part) => 0;
}
