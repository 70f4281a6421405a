using System.Runtime.CompilerServices;
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
        for (int b = 0; b < count; b += Parts, row += TFormat.Bytes)
        {
            for (int part = 0; part < Parts; part++)
            {
                for (int i = 0; i < PerPart; i++)
                {
                    *scales++ = TFormat.ReadScale(row, (2 * part) + i);
                }

                if (TFormat.HasMinimum)
                {
                    *minima++ = TFormat.ReadMinimum(row, part);
                }
            }
        }
    }

    /// <summary>products[i] = scales[i] times the activations' scale of the part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(float* scales, float* xScales, int count, float* products)
    {
        for (int b = 0; b < count; b++)
        {
            for (int i = 0; i < PerPart; i++)
            {
                products[(b * PerPart) + i] = scales[(b * PerPart) + i] * xScales[b];
            }
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
