using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>256 columns in 176 bytes, in eight parts of 32: value[i] = scale * partScale * q[i] - minimum * partMinimum, q in 0..31.</summary>
/// <remarks>
/// Byte 0: f16 scale; byte 2: f16 minimum; byte 4: <see cref="SuperBlockScales"/>; byte 16: 32 bytes with the fifth bits, bit p of byte c
/// being that of column c of part p; byte 48: the lower four bits, as in <see cref="FormatQ4_K"/>.
/// </remarks>
internal readonly unsafe struct FormatQ5_K : IBlockFormat
{
    internal const int ScalesAt = 4;
    internal const int FifthBitsAt = ScalesAt + SuperBlockScales.Bytes;
    internal const int CodesAt = FifthBitsAt + 32;

    static int IBlockFormat.Columns => 256;

    static int IBlockFormat.Bytes => CodesAt + 128;

    static int IBlockFormat.Bits => 5;

    static int IBlockFormat.Offset => 0;

    static bool IBlockFormat.HasMinimum => true;

    static bool IBlockFormat.HasHalfScales => false;

    static void IBlockFormat.ReadCodes(byte* block, int part, uint* codes)
    {
        CodeWords.ReadNibbles(block + CodesAt + (part / 2 * 32), part % 2 == 1, codes);
        for (int i = 0; i < 8; i++)
        {
            codes[i] |= ((CodeWords.Load(block + FifthBitsAt + (4 * i)) >> part) & 0x0101_0101) << 4;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        CodeVectors.LoadNibbles(block + CodesAt + (part / 2 * 32), part % 2 * 4, out Vector128<byte> a, out Vector128<byte> b);
        a = CodeVectors.AddUpperBits(a, block + FifthBitsAt, part, 1);
        b = CodeVectors.AddUpperBits(b, block + FifthBitsAt + 16, part, 1);
        low = a.AsSByte();
        high = b.AsSByte();
    }

    static float IBlockFormat.ReadScale(byte* block, int half) => CodeWords.Half(block) * SuperBlockScales.Scale(block + ScalesAt, half / 2);

    static float IBlockFormat.ReadMinimum(byte* block, int part) => -CodeWords.Half(block + 2) * SuperBlockScales.Minimum(block + ScalesAt, part);

    static void IBlockFormat.ReadScales(byte* block, float* scales, float* minima) =>
        SuperBlockScales.Read(block + ScalesAt, CodeWords.Half(block), -CodeWords.Half(block + 2), scales, minima);
}
