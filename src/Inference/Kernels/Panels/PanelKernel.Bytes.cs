using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <content>Signed bytes where there is no instruction for them.</content>
internal static unsafe partial class PanelKernel<TLanes, TBytes, TSums, TFloats, TFormat>
    where TLanes : struct, ILanes<TBytes, TSums, TFloats>
    where TBytes : struct
    where TSums : struct
    where TFloats : struct
    where TFormat : struct, IBlockFormat
{
    // Signed bytes as two nibbles each: twice the products, but no instruction for signs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotBytes<TTokens>(byte* unit, int columns, sbyte* q, int qStride, float* marks, int markStride, float* y, int yStride)
        where TTokens : struct, ITokens
    {
        TFloats sum0 = TLanes.Zero;
        TFloats sum1 = TLanes.Zero;
        TFloats sum2 = TLanes.Zero;
        TFloats sum3 = TLanes.Zero;
        sbyte* q1 = q + qStride;
        sbyte* q2 = q1 + qStride;
        sbyte* q3 = q2 + qStride;
        for (int c = 0; c < columns; c += PartColumns, marks += Activations.MarksPerBlock)
        {
            int odd = c / PartColumns % 2;
            byte* codes = unit + HeadBytes + (odd * CodeBytes);
            TSums low0 = TLanes.NoSums, low1 = TLanes.NoSums, low2 = TLanes.NoSums, low3 = TLanes.NoSums;
            TSums high0 = TLanes.NoSums, high1 = TLanes.NoSums, high2 = TLanes.NoSums, high3 = TLanes.NoSums;
            for (int i = c; i < c + PartColumns; i += 16, codes += 4 * PanelLayout.VectorBytes)
            {
                Quad<TBytes> w = LoadQuad(codes);
                Quad<TBytes> low = new(TLanes.LowNibbles(w.A), TLanes.LowNibbles(w.B), TLanes.LowNibbles(w.C), TLanes.LowNibbles(w.D));
                Quad<TBytes> high = new(
                    TLanes.BiasedHighNibbles(w.A), TLanes.BiasedHighNibbles(w.B), TLanes.BiasedHighNibbles(w.C), TLanes.BiasedHighNibbles(w.D));
                low0 = Products(low, q + i, low0);
                high0 = Products(high, q + i, high0);
                if (typeof(TTokens) == typeof(FourTokens))
                {
                    low1 = Products(low, q1 + i, low1);
                    high1 = Products(high, q1 + i, high1);
                    low2 = Products(low, q2 + i, low2);
                    high2 = Products(high, q2 + i, high2);
                    low3 = Products(low, q3 + i, low3);
                    high3 = Products(high, q3 + i, high3);
                }
            }

            TFloats scale = TLanes.LoadHalves(unit + (odd * PanelLayout.HalvesBytes));
            sum0 = AddBytes(low0, high0, scale, marks, sum0);
            if (typeof(TTokens) == typeof(FourTokens))
            {
                sum1 = AddBytes(low1, high1, scale, marks + markStride, sum1);
                sum2 = AddBytes(low2, high2, scale, marks + (2 * (long)markStride), sum2);
                sum3 = AddBytes(low3, high3, scale, marks + (3 * (long)markStride), sum3);
            }

            unit += odd * (HeadBytes + (2 * CodeBytes));
        }

        Store<TTokens>(y, yStride, sum0, sum1, sum2, sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddBytes(TSums low, TSums high, TFloats scale, float* marks, TFloats sum)
    {
        TFloats products = TLanes.Multiply(TLanes.SplitTotal(low, high), TLanes.Create(marks[Activations.ScaleMark]));
        products = TLanes.MultiplyAdd(TLanes.Create(marks[Activations.SumMark]), TLanes.Create(-128), products);
        return TLanes.MultiplyAdd(products, scale, sum);
    }
}
