using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>32 columns in 20 bytes: value[i] = scale * q[i] + minimum, q in 0..15.</summary>
/// <remarks>Byte 0: f16 scale; byte 2: f16 minimum; byte 4: 16 bytes, byte j holding column j in its low and column j + 16 in its high nibble.</remarks>
internal readonly unsafe struct FormatQ4_1 : IBlockFormat
{
    static int IBlockFormat.Columns => 32;

    static int IBlockFormat.Bytes => 20;

    static int IBlockFormat.Bits => 4;

    static int IBlockFormat.Offset => 0;

    static bool IBlockFormat.HasMinimum => true;

    static bool IBlockFormat.HasHalfScales => false;

    static void IBlockFormat.ReadCodes(byte* block, int part, uint* codes) => CodeWords.ReadNibblePairs(block + 4, codes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        CodeVectors.LoadNibblePairs(block + 4, out Vector128<byte> a, out Vector128<byte> b);
        low = a.AsSByte();
        high = b.AsSByte();
    }

    static float IBlockFormat.ReadScale(byte* block, int half) => CodeWords.Half(block);

    static float IBlockFormat.ReadMinimum(byte* block, int part) => CodeWords.Half(block + 2);
}
