using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <content>The types of 32 columns.</content>
internal static unsafe partial class PanelKernel<TLanes, TBytes, TSums, TFloats, TFormat>
    where TLanes : struct, ILanes<TBytes, TSums, TFloats>
    where TBytes : struct
    where TSums : struct
    where TFloats : struct
    where TFormat : struct, IBlockFormat
{
    // Two blocks of 32 columns in a unit, but perhaps in the last.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotBlocks<TTokens>(
        byte* unit, int row, int columns, sbyte* q, int qStride, float* marks, int markStride, float* y, int yStride)
        where TTokens : struct, ITokens
    {
        TFloats sum0 = TLanes.Zero;
        TFloats sum1 = TLanes.Zero;
        TFloats sum2 = TLanes.Zero;
        TFloats sum3 = TLanes.Zero;
        int headBytes = (TFormat.HasMinimum ? 4 : 2) * PanelLayout.HalvesBytes;
        int unitBytes = headBytes + (2 * CodeBytes);
        for (int c = 0; c < columns; c += 2 * PartColumns, unit += unitBytes)
        {
            int blocks = columns - c == PartColumns ? 1 : 2;
            for (int b = 0; b < blocks; b++, q += PartColumns, marks += Activations.MarksPerBlock)
            {
                byte* codes = unit + headBytes + (b * CodeBytes) + (4 * row);
                byte* scales = unit + (b * PanelLayout.HalvesBytes) + (2 * row);
                LoadCodes(codes, out Quad<TBytes> low, out Quad<TBytes> high);
                TFloats scale = TLanes.LoadHalves(scales);
                TFloats minimum = TFormat.HasMinimum ? TLanes.LoadHalves(scales + MinimaAfter) : default;
                sum0 = AddBlock(low, high, scale, minimum, q, marks, sum0);
                if (typeof(TTokens) == typeof(OneToken))
                {
                    sum1 = typeof(TLanes) != typeof(Lanes512) ? AddBlockRows(codes, scales, 1, q, marks, sum1) : sum1;
                    sum2 = typeof(TLanes) == typeof(Lanes128) ? AddBlockRows(codes, scales, 2, q, marks, sum2) : sum2;
                    sum3 = typeof(TLanes) == typeof(Lanes128) ? AddBlockRows(codes, scales, 3, q, marks, sum3) : sum3;
                }
                else
                {
                    sum1 = AddBlock(low, high, scale, minimum, q + qStride, marks + markStride, sum1);
                    sum2 = AddBlock(low, high, scale, minimum, q + (2 * (long)qStride), marks + (2 * (long)markStride), sum2);
                    sum3 = AddBlock(low, high, scale, minimum, q + (3 * (long)qStride), marks + (3 * (long)markStride), sum3);
                }
            }
        }

        Store<TTokens>(y, yStride, sum0, sum1, sum2, sum3);
    }

    // The same for the rows of the panel's next vectors, which have codes and scales of their own.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddBlockRows(byte* codes, byte* scales, int index, sbyte* q, float* marks, TFloats sum)
    {
        int row = index * TLanes.Rows;
        LoadCodes(codes + (4 * row), out Quad<TBytes> low, out Quad<TBytes> high);
        TFloats scale = TLanes.LoadHalves(scales + (2 * row));
        TFloats minimum = TFormat.HasMinimum ? TLanes.LoadHalves(scales + MinimaAfter + (2 * row)) : default;
        return AddBlock(low, high, scale, minimum, q, marks, sum);
    }
}
