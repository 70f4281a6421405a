using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>Layout: <see cref="BlockQ8_0"/>.</summary>
internal readonly unsafe struct FormatQ8_0 : IBlockFormat
{
    static int IBlockFormat.Columns => BlockQ8_0.Columns;

    static int IBlockFormat.Bytes => BlockQ8_0.Bytes;

    static int IBlockFormat.Bits => 8;

    static int IBlockFormat.Offset => 0;

    static bool IBlockFormat.HasMinimum => false;

    static bool IBlockFormat.HasHalfScales => false;

    static void IBlockFormat.ReadCodes(byte* block, int part, uint* codes) => Unsafe.CopyBlockUnaligned(codes, block + 2, 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        low = Vector128.Load((sbyte*)block + 2);
        high = Vector128.Load((sbyte*)block + 18);
    }

    static float IBlockFormat.ReadScale(byte* block, int half) => CodeWords.Half(block);

    static float IBlockFormat.ReadMinimum(byte* block, int part) => 0;
}
