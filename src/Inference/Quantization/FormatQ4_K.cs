using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>256 columns in 144 bytes, in eight parts of 32: value[i] = scale * partScale * q[i] - minimum * partMinimum, q in 0..15.</summary>
/// <remarks>
/// Byte 0: f16 scale; byte 2: f16 minimum; byte 4: <see cref="SuperBlockScales"/>; byte 16: 32 bytes for each two parts, the first in the
/// low, the second in the high nibbles.
/// </remarks>
internal readonly unsafe struct FormatQ4_K : IBlockFormat
{
    internal const int ScalesAt = 4;
    internal const int CodesAt = ScalesAt + SuperBlockScales.Bytes;

    static int IBlockFormat.Columns => 256;

    static int IBlockFormat.Bytes => CodesAt + 128;

    static int IBlockFormat.Bits => 4;

    static int IBlockFormat.Offset => 0;

    static bool IBlockFormat.HasMinimum => true;

    static bool IBlockFormat.HasHalfScales => false;

    static void IBlockFormat.ReadCodes(byte* block, int part, uint* codes) =>
        CodeWords.ReadNibbles(block + CodesAt + (part / 2 * 32), part % 2 == 1, codes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        CodeVectors.LoadNibbles(block + CodesAt + (part / 2 * 32), part % 2 * 4, out Vector128<byte> a, out Vector128<byte> b);
        low = a.AsSByte();
        high = b.AsSByte();
    }

    static float IBlockFormat.ReadScale(byte* block, int half) => CodeWords.Half(block) * SuperBlockScales.Scale(block + ScalesAt, half / 2);

    static float IBlockFormat.ReadMinimum(byte* block, int part) => -CodeWords.Half(block + 2) * SuperBlockScales.Minimum(block + ScalesAt, part);

    static void IBlockFormat.ReadScales(byte* block, float* scales, float* minima) =>
        SuperBlockScales.Read(block + ScalesAt, CodeWords.Half(block), -CodeWords.Half(block + 2), scales, minima);
}
