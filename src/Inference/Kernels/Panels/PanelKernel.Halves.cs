using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <content>Q6_K.</content>
internal static unsafe partial class PanelKernel<TLanes, TBytes, TSums, TFloats, TFormat>
    where TLanes : struct, ILanes<TBytes, TSums, TFloats>
    where TBytes : struct
    where TSums : struct
    where TFloats : struct
    where TFormat : struct, IBlockFormat
{
    // Sixteen halves of 16 columns in a unit, each with a signed scale in units of the super-block's.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotHalves<TTokens>(
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
            byte* halfScales = unit + HeadBytes + row;
            unit += HeadBytes + (2 * PartScaleBytes);
            for (int part = 0; part < Parts; part++)
            {
                byte* codes = unit + (4 * row);
                LoadCodes(codes, out Quad<TBytes> low, out Quad<TBytes> high);
                TFloats lowScale = HalfScale(head, halfScales);
                TFloats highScale = HalfScale(head, halfScales + PanelLayout.Rows);
                sum0 = AddHalves(low, high, lowScale, highScale, q, marks, sum0);
                if (typeof(TTokens) == typeof(OneToken))
                {
                    sum1 = typeof(TLanes) != typeof(Lanes512) ? AddHalvesRows(codes, head, halfScales, 1, q, marks, sum1) : sum1;
                    sum2 = typeof(TLanes) == typeof(Lanes128) ? AddHalvesRows(codes, head, halfScales, 2, q, marks, sum2) : sum2;
                    sum3 = typeof(TLanes) == typeof(Lanes128) ? AddHalvesRows(codes, head, halfScales, 3, q, marks, sum3) : sum3;
                }
                else
                {
                    sum1 = AddHalves(low, high, lowScale, highScale, q + qStride, marks + markStride, sum1);
                    sum2 = AddHalves(low, high, lowScale, highScale, q + (2 * (long)qStride), marks + (2 * (long)markStride), sum2);
                    sum3 = AddHalves(low, high, lowScale, highScale, q + (3 * (long)qStride), marks + (3 * (long)markStride), sum3);
                }

                unit += CodeBytes;
                halfScales += 2 * PanelLayout.Rows;
                q += PartColumns;
                marks += Activations.MarksPerBlock;
            }
        }

        Store<TTokens>(y, yStride, sum0, sum1, sum2, sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats HalfScale(byte* head, byte* halfScales) => TLanes.Multiply(TLanes.LoadSigned(halfScales), TLanes.LoadHalves(head));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddHalvesRows(byte* codes, byte* head, byte* halfScales, int index, sbyte* q, float* marks, TFloats sum)
    {
        int row = index * TLanes.Rows;
        LoadCodes(codes + (4 * row), out Quad<TBytes> low, out Quad<TBytes> high);
        TFloats lowScale = HalfScale(head + (2 * row), halfScales + row);
        return AddHalves(low, high, lowScale, HalfScale(head + (2 * row), halfScales + PanelLayout.Rows + row), q, marks, sum);
    }

    // The same for the 16 columns of the low and the 16 of the high nibbles, which have a scale each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddHalves(
        in Quad<TBytes> low, in Quad<TBytes> high, TFloats lowScale, TFloats highScale, sbyte* q, float* marks, TFloats sum)
    {
        sum = TLanes.MultiplyAdd(Half(low, q, marks, Activations.LowSumMark), lowScale, sum);
        return TLanes.MultiplyAdd(Half(high, q + 16, marks, Activations.HighSumMark), highScale, sum);
    }

    // Two products of codes below 64 fit into 16 bits, so the four vectors are two sums.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats Half(in Quad<TBytes> codes, sbyte* q, float* marks, int sumMark)
    {
        TSums a = TLanes.AddProducts(TLanes.AddProducts(TLanes.NoSums, codes.A, q), codes.B, q + 4);
        TSums b = TLanes.AddProducts(TLanes.AddProducts(TLanes.NoSums, codes.C, q + 8), codes.D, q + 12);
        TFloats products = TLanes.Multiply(TLanes.Total(a, b, together: false), TLanes.Create(marks[Activations.ScaleMark]));
        return TLanes.MultiplyAdd(TLanes.Create(marks[sumMark]), TLanes.Create(-TFormat.Offset), products);
    }
}
