using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Halo.Inference.Quantization;
using Halo.Inference.Sampling;

namespace Halo.Inference.RandomModels;

/// <summary>
/// Rows of quantised weights made as blocks: every code is equally likely, scales are fixed or vary as in real files, and minima put the codes'
/// middle at zero. For kernels that is as good as weights that were quantised, and much sooner made.
/// </summary>
internal static class RandomBlocks
{
    private const int LeastPartScale = 32; // of 63: the 6-bit scales of Q4_K and Q5_K fill the upper half of their range, as quantisers make them
    private const double PartScaleSize = 48.39;  // root of the mean square of the whole numbers from 32 to 63
    private const int LeastHalfScale = 64; // of 127, Q6_K's signed ones
    private const double HalfScaleSize = 97.26;  // the same for 64 to 127

    /// <summary>Whether there are such rows of a type.</summary>
    internal static bool Has(TensorType type) => TensorTypes.IsQuantized(type);

    /// <summary>row = random blocks whose values have mean 0 and this standard deviation.</summary>
    internal static void Fill(TensorType type, Span<byte> row, double deviation, Xoshiro256 random)
    {
        FillBytes(row, random);
        int bytes = TensorTypes.BlockBytes(type);
        for (int at = 0; at < row.Length; at += bytes)
        {
            SetScales(type, row.Slice(at, bytes), deviation, random);
        }
    }

    private static void SetScales(TensorType type, Span<byte> block, double deviation, Xoshiro256 random)
    {
        switch (type)
        {
            case TensorType.Q4_0:
                WriteHalf(block, EitherSign(deviation / Size(16), random));
                break;
            case TensorType.Q5_0:
                WriteHalf(block, EitherSign(deviation / Size(32), random));
                break;
            case TensorType.Q8_0:
                block[2..].Replace((byte)0x80, (byte)0x81); // -128, which no quantiser makes
                WriteHalf(block, deviation / Size(255));
                break;
            case TensorType.Q4_1:
                WriteScaleAndMinimum(block, deviation / Size(16), -7.5);
                break;
            case TensorType.Q5_1:
                WriteScaleAndMinimum(block, deviation / Size(32), -15.5);
                break;
            case TensorType.Q4_K:
                WriteScaleAndMinimum(block, deviation / (Size(16) * PartScaleSize), 7.5); // this minimum is taken off
                WritePartScales(block.Slice(FormatQ4_K.ScalesAt, SuperBlockScales.Bytes), random);
                break;
            case TensorType.Q5_K:
                WriteScaleAndMinimum(block, deviation / (Size(32) * PartScaleSize), 15.5);
                WritePartScales(block.Slice(FormatQ5_K.ScalesAt, SuperBlockScales.Bytes), random);
                break;
            case TensorType.Q6_K:
                WriteHalf(block[FormatQ6_K.ScaleAt..], deviation / (Size(64) * HalfScaleSize));
                WriteHalfScales(block.Slice(FormatQ6_K.ScalesAt, 16), random);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), $"{type} has no blocks.");
        }
    }

    // Standard deviation of so many codes, one step apart and equally likely.
    private static double Size(int codes) => Math.Sqrt((((double)codes * codes) - 1) / 12);

    // These codes have their middle half a step off zero: either sign evens that out over a row.
    private static double EitherSign(double scale, Xoshiro256 random) => (random.NextUInt64() & 1) == 0 ? scale : -scale;

    private static void WriteScaleAndMinimum(Span<byte> block, double scale, double steps)
    {
        WriteHalf(block, scale);
        WriteHalf(block[2..], steps * (double)(Half)scale);
    }

    // Scale and minimum of a part are the same number, so that the middle is zero in each.
    private static void WritePartScales(Span<byte> packed, Xoshiro256 random)
    {
        Span<byte> scales = stackalloc byte[SuperBlockScales.Count];
        ulong bits = random.NextUInt64();
        foreach (ref byte scale in scales)
        {
            scale = (byte)(LeastPartScale + (int)(bits & 31));
            bits >>= 5;
        }

        SuperBlockScales.Pack(scales, scales, packed);
    }

    private static void WriteHalfScales(Span<byte> scales, Xoshiro256 random)
    {
        FillBytes(scales, random);
        foreach (ref byte scale in scales)
        {
            int size = LeastHalfScale + (scale & 63);
            scale = (byte)(sbyte)(scale >= 128 ? -size : size);
        }
    }

    private static void WriteHalf(Span<byte> at, double value) => BinaryPrimitives.WriteHalfLittleEndian(at, (Half)value);

    private static void FillBytes(Span<byte> bytes, Xoshiro256 random)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ref ulong word in words)
        {
            word = BitConverter.IsLittleEndian ? random.NextUInt64() : BinaryPrimitives.ReverseEndianness(random.NextUInt64());
        }

        ulong rest = random.NextUInt64();
        foreach (ref byte last in bytes[(8 * words.Length)..])
        {
            last = (byte)rest;
            rest >>= 8;
        }
    }
}
