using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>Layout: <see cref="BlockQ4_0"/>.</summary>
internal readonly unsafe struct FormatQ4_0 : IBlockFormat
{
    static int IBlockFormat.Columns => 32;

    static int IBlockFormat.Bytes => BlockQ4_0.Bytes;

    static int IBlockFormat.Bits => 4;

    static int IBlockFormat.Offset => 8;

    static bool IBlockFormat.HasMinimum => false;

    static bool IBlockFormat.HasHalfScales => false;

    static void IBlockFormat.ReadCodes(byte* block, int part, uint* codes) => CodeWords.ReadNibblePairs(block + 2, codes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        CodeVectors.LoadNibblePairs(block + 2, out Vector128<byte> a, out Vector128<byte> b);
        low = a.AsSByte() - Vector128.Create((sbyte)8);
        high = b.AsSByte() - Vector128.Create((sbyte)8);
    }

    static float IBlockFormat.ReadScale(byte* block, int half) => CodeWords.Half(block);

    static float IBlockFormat.ReadMinimum(byte* block, int part) => 0;
}
