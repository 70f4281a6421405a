using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>A row's scales and minima in file layout, made ready for a run of parts of 32 columns before their products.</summary>
/// <remarks>In the loop over the products their unpacking would compete for the same units.</remarks>
internal static unsafe class BlockScales<TFormat>
    where TFormat : struct, IBlockFormat
{
    /// <summary>Scales of a part: 2 where 16 columns have one, else 1.</summary>
    public static int PerPart
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.HasHalfScales ? 2 : 1;
    }

    /// <summary>Parts of a block.</summary>
    public static int Parts
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Columns / IBlockFormat.PartColumns;
    }

    /// <summary>scales[i] of parts 0 to count - 1, and their minima where there are any.</summary>
    /// <param name="row">The block of the first part.</param>
    /// <param name="count">Parts: whole blocks.</param>
    /// <param name="scales">(count * <see cref="PerPart"/>), written.</param>
    /// <param name="minima">(count), written where the type has minima.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* row, int count, float* scales, float* minima)
    {
        if (Parts == 1)
        {
            ReadHalves(row, count, scales);
            if (TFormat.HasMinimum)
            {
                ReadHalves(row + sizeof(ushort), count, minima);
            }

            return;
        }

        for (int b = 0; b < count; b += Parts, row += TFormat.Bytes)
        {
            TFormat.ReadScales(row, scales, minima);
            scales += Parts * PerPart;
            minima += Parts;
        }
    }

    // The f16 at the head of each block, by 4: four of them cost about as much as one alone.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadHalves(byte* block, int count, float* values)
    {
        int b = 0;
        for (; b + 4 <= count; b += 4, block += 4 * TFormat.Bytes)
        {
            Vector128<int> halves = Vector128.Create(
                Bits(block), Bits(block + TFormat.Bytes), Bits(block + (2 * TFormat.Bytes)), Bits(block + (3 * TFormat.Bytes)));
            HalfBits.ToSingle(halves).Store(values + b);
        }

        for (; b < count; b++, block += TFormat.Bytes)
        {
            values[b] = CodeWords.Half(block);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Bits(byte* half) => Unsafe.ReadUnaligned<short>(half);

    /// <summary>products[i] = scales[i] times the activations' scale of the part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(float* scales, float* xScales, int count, float* products)
    {
        if (PerPart == 2)
        {
            for (int b = 0; b < count; b++)
            {
                products[2 * b] = scales[2 * b] * xScales[b];
                products[(2 * b) + 1] = scales[(2 * b) + 1] * xScales[b];
            }

            return;
        }

        // By 4: whatever follows the last scale, in the chunk or in the plane of x, is not used.
        for (int b = 0; b < count; b += 4)
        {
            (Vector128.Load(scales + b) * Vector128.Load(xScales + b)).Store(products + b);
        }
    }

    /// <summary>The sum over the parts of minimum times the activations' sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Minima(float* minima, float* marks, int count)
    {
        float sum = 0;
        for (int b = 0; TFormat.HasMinimum && b < count; b++)
        {
            sum += minima[b] * marks[(b * Activations.MarksPerBlock) + Activations.SumMark];
        }

        return sum;
    }
}
