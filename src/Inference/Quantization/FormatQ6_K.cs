using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>256 columns in 210 bytes, in sixteen halves of 16: value[i] = scale * halfScale * (q[i] - 32), q in 0..63.</summary>
/// <remarks>
/// In two runs of 128 columns, that is of four parts. Lower four bits: byte 0, 64 bytes a run; parts 0 and 1 are the low nibbles of its first
/// and second 32 bytes, parts 2 and 3 the high ones. Upper two bits: byte 128, 32 bytes a run, two bits for each part, part 0 lowest.
/// Byte 192: 16 signed scales; byte 208: f16 scale.
/// </remarks>
internal readonly unsafe struct FormatQ6_K : IBlockFormat
{
    internal const int UpperBitsAt = 128;
    internal const int ScalesAt = UpperBitsAt + 64;
    internal const int ScaleAt = ScalesAt + 16;

    static int IBlockFormat.Columns => 256;

    static int IBlockFormat.Bytes => ScaleAt + 2;

    static int IBlockFormat.Bits => 6;

    static int IBlockFormat.Offset => 32;

    static bool IBlockFormat.HasMinimum => false;

    static bool IBlockFormat.HasHalfScales => true;

    static void IBlockFormat.ReadCodes(byte* block, int part, uint* codes)
    {
        (int run, int within) = (part / 4, part % 4);
        CodeWords.ReadNibbles(block + (run * 64) + (within % 2 * 32), within >= 2, codes);
        for (int i = 0; i < 8; i++)
        {
            codes[i] |= ((CodeWords.Load(block + UpperBitsAt + (run * 32) + (4 * i)) >> (2 * within)) & 0x0303_0303) << 4;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        (int run, int within) = (part / 4, part % 4);
        CodeVectors.LoadNibbles(block + (run * 64) + (within % 2 * 32), within / 2 * 4, out Vector128<byte> a, out Vector128<byte> b);
        byte* upper = block + UpperBitsAt + (run * 32);
        a = CodeVectors.AddUpperBits(a, upper, 2 * within, 3);
        b = CodeVectors.AddUpperBits(b, upper + 16, 2 * within, 3);
        low = a.AsSByte() - Vector128.Create((sbyte)32);
        high = b.AsSByte() - Vector128.Create((sbyte)32);
    }

    static float IBlockFormat.ReadScale(byte* block, int half) => CodeWords.Half(block + ScaleAt) * (sbyte)block[ScalesAt + half];

    static float IBlockFormat.ReadMinimum(byte* block, int part) => 0;

    static void IBlockFormat.ReadScales(byte* block, float* scales, float* minima)
    {
        Vector128<float> scale = Vector128.Create(CodeWords.Half(block + ScaleAt));
        (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.Load((sbyte*)block + ScalesAt));
        (Vector128<int> a, Vector128<int> b) = Vector128.Widen(low);
        (Vector128<int> c, Vector128<int> d) = Vector128.Widen(high);
        (Vector128.ConvertToSingle(a) * scale).Store(scales);
        (Vector128.ConvertToSingle(b) * scale).Store(scales + 4);
        (Vector128.ConvertToSingle(c) * scale).Store(scales + 8);
        (Vector128.ConvertToSingle(d) * scale).Store(scales + 12);
    }
}
