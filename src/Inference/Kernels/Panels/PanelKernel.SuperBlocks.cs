using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <content>Q4_K and Q5_K.</content>
internal static unsafe partial class PanelKernel<TLanes, TBytes, TSums, TFloats, TFormat>
    where TLanes : struct, ILanes<TBytes, TSums, TFloats>
    where TBytes : struct
    where TSums : struct
    where TFloats : struct
    where TFormat : struct, IBlockFormat
{
    // Eight parts of 32 columns in a unit, each with a scale and a minimum in units of the super-block's.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotSuperBlocks<TTokens>(
        byte* unit, int row, int columns, sbyte* q, int qStride, float* marks, int markStride, float* y, int yStride)
        where TTokens : struct, ITokens
    {
        TFloats sum0 = TLanes.Zero;
        TFloats sum1 = TLanes.Zero;
        TFloats sum2 = TLanes.Zero;
        TFloats sum3 = TLanes.Zero;
        for (int c = 0; c < columns; c += Parts * PartColumns)
        {
            byte* head = unit + (2 * row);
            byte* partScales = unit + HeadBytes + row;
            unit += HeadBytes + (2 * PartScaleBytes);
            for (int part = 0; part < Parts; part++)
            {
                byte* codes = unit + (4 * row);
                LoadCodes(codes, out Quad<TBytes> low, out Quad<TBytes> high);
                TFloats partScale = PartScale(head, partScales);
                TFloats partMinimum = PartMinimum(head, partScales);
                sum0 = AddBlock(low, high, partScale, partMinimum, q, marks, sum0);
                if (typeof(TTokens) == typeof(OneToken))
                {
                    sum1 = typeof(TLanes) != typeof(Lanes512) ? AddPartRows(codes, head, partScales, 1, q, marks, sum1) : sum1;
                    sum2 = typeof(TLanes) == typeof(Lanes128) ? AddPartRows(codes, head, partScales, 2, q, marks, sum2) : sum2;
                    sum3 = typeof(TLanes) == typeof(Lanes128) ? AddPartRows(codes, head, partScales, 3, q, marks, sum3) : sum3;
                }
                else
                {
                    sum1 = AddBlock(low, high, partScale, partMinimum, q + qStride, marks + markStride, sum1);
                    sum2 = AddBlock(low, high, partScale, partMinimum, q + (2 * (long)qStride), marks + (2 * (long)markStride), sum2);
                    sum3 = AddBlock(low, high, partScale, partMinimum, q + (3 * (long)qStride), marks + (3 * (long)markStride), sum3);
                }

                unit += CodeBytes;
                partScales += PanelLayout.Rows;
                q += PartColumns;
                marks += Activations.MarksPerBlock;
            }
        }

        Store<TTokens>(y, yStride, sum0, sum1, sum2, sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats PartScale(byte* head, byte* partScales) => TLanes.Multiply(TLanes.LoadUnsigned(partScales), TLanes.LoadHalves(head));

    // A minimum is taken off in these types.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats PartMinimum(byte* head, byte* partScales) => TLanes.Multiply(
        TLanes.LoadUnsigned(partScales + PartScaleBytes), TLanes.Multiply(TLanes.LoadHalves(head + PanelLayout.HalvesBytes), TLanes.Create(-1)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddPartRows(byte* codes, byte* head, byte* partScales, int index, sbyte* q, float* marks, TFloats sum)
    {
        int row = index * TLanes.Rows;
        LoadCodes(codes + (4 * row), out Quad<TBytes> low, out Quad<TBytes> high);
        TFloats scale = PartScale(head + (2 * row), partScales + row);
        return AddBlock(low, high, scale, PartMinimum(head + (2 * row), partScales + row), q, marks, sum);
    }
}
