using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>32 columns in 24 bytes: value[i] = scale * q[i] + minimum, q in 0..31.</summary>
/// <remarks>Byte 0: f16 scale; byte 2: f16 minimum; byte 4: the columns' fifth bits, column c in bit c; byte 8: the lower four, as in Q4_1.</remarks>
internal readonly unsafe struct FormatQ5_1 : IBlockFormat
{
    static int IBlockFormat.Columns => 32;

    static int IBlockFormat.Bytes => 24;

    static int IBlockFormat.Bits => 5;

    static int IBlockFormat.Offset => 0;

    static bool IBlockFormat.HasMinimum => true;

    static bool IBlockFormat.HasHalfScales => false;

    static void IBlockFormat.ReadCodes(byte* block, int part, uint* codes)
    {
        CodeWords.ReadNibblePairs(block + 8, codes);
        CodeWords.AddFifthBits(CodeWords.Load(block + 4), codes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        CodeVectors.LoadNibblePairs(block + 8, out Vector128<byte> a, out Vector128<byte> b);
        uint fifth = CodeWords.Load(block + 4);
        a = CodeVectors.AddFifthBits(a, fifth);
        b = CodeVectors.AddFifthBits(b, fifth >> 16);
        low = a.AsSByte();
        high = b.AsSByte();
    }

    static float IBlockFormat.ReadScale(byte* block, int half) => CodeWords.Half(block);

    static float IBlockFormat.ReadMinimum(byte* block, int part) => CodeWords.Half(block + 2);
}
