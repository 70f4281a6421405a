using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Quantised weights in file layout times int8 activations in 128-bit vectors (SSSE3 or AdvSimd).</summary>
/// <remarks>
/// Per part of 32 columns: exact integer products in 4 lanes, made f32, times the two scales, added to a sum of 4 lanes. There are two sums,
/// for even and odd parts, so that one addition need not wait for the last; minima are added up apart. The order is the same however many
/// activation rows share the weights.
/// </remarks>
internal static unsafe class BlockKernel128<TFormat>
    where TFormat : struct, IBlockFormat
{
    private const int Columns = IBlockFormat.PartColumns;

    /// <summary>Parts whose scales are made ready at a time: whole blocks of every type, and 2,048 columns.</summary>
    private const int ChunkParts = 64;

    /// <summary>Most scales of a chunk.</summary>
    private const int Most = 2 * ChunkParts;

    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        int parts = w.Columns / Columns;
        for (int panel = firstRow; panel < endRow; panel += MatMul.PanelRows)
        {
            int panelEnd = Math.Min(panel + MatMul.PanelRows, endRow);
            int t = 0;
            for (; t + 4 <= x.Rows; t += 4)
            {
                for (int r = panel; r < panelEnd; r++)
                {
                    Dot<FourTokens>(w.Data + (r * w.RowStrideBytes), parts, x, t, y + ((long)t * yStride) + r, yStride);
                }
            }

            for (; t < x.Rows; t++)
            {
                for (int r = panel; r < panelEnd; r++)
                {
                    Dot<OneToken>(w.Data + (r * w.RowStrideBytes), parts, x, t, y + ((long)t * yStride) + r, yStride);
                }
            }
        }
    }

    // 1 or 4 rows of x for one of w; each row of x goes through the same steps in both.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot<TTokens>(byte* w, int parts, Activations x, int token, float* y, int yStride)
        where TTokens : struct, ITokens
    {
        float* scales = stackalloc float[5 * Most];
        float* minima = stackalloc float[ChunkParts];
        long qStride = x.Stride;
        int scaleStride = x.Stride / Columns;
        sbyte* q = x.QuantizedPointer + (token * qStride);
        float* xScales = x.ScalesPointer + ((long)token * scaleStride);
        float* marks = x.MarksPointer + ((long)token * x.MarkStride);
        Sums s0 = default;
        Sums s1 = default;
        Sums s2 = default;
        Sums s3 = default;
        for (int left = parts; left > 0; left -= ChunkParts)
        {
            int count = Math.Min(left, ChunkParts);
            BlockScales<TFormat>.Read(w, count, scales, minima);
            Prepare(scales, minima, xScales, marks, count, scales + Most, ref s0);
            if (TTokens.Count == 4)
            {
                Prepare(scales, minima, xScales + scaleStride, marks + x.MarkStride, count, scales + (2 * Most), ref s1);
                Prepare(scales, minima, xScales + (2 * (long)scaleStride), marks + (2 * (long)x.MarkStride), count, scales + (3 * Most), ref s2);
                Prepare(scales, minima, xScales + (3 * (long)scaleStride), marks + (3 * (long)x.MarkStride), count, scales + (4 * Most), ref s3);
            }

            int p = 0;
            for (; p + 2 <= count; p += 2, q += 2 * Columns)
            {
                AddPart<TTokens>(w, p, q, qStride, scales + Most, ref s0.Even, ref s1.Even, ref s2.Even, ref s3.Even);
                AddPart<TTokens>(w, p + 1, q + Columns, qStride, scales + Most, ref s0.Odd, ref s1.Odd, ref s2.Odd, ref s3.Odd);
            }

            if (p < count)
            {
                AddPart<TTokens>(w, p, q, qStride, scales + Most, ref s0.Even, ref s1.Even, ref s2.Even, ref s3.Even);
                q += Columns;
            }

            w += (long)(count / BlockScales<TFormat>.Parts) * TFormat.Bytes;
            xScales += count;
            marks += (long)count * Activations.MarksPerBlock;
        }

        y[0] = s0.Total;
        if (TTokens.Count == 4)
        {
            y[yStride] = s1.Total;
            y[2 * (long)yStride] = s2.Total;
            y[3 * (long)yStride] = s3.Total;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prepare(float* scales, float* minima, float* xScales, float* marks, int count, float* products, ref Sums sums)
    {
        BlockScales<TFormat>.Multiply(scales, xScales, count, products);
        sums.Minima += BlockScales<TFormat>.Minima(minima, marks, count);
    }

    // Part p of a row, for 1 or 4 rows of x.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPart<TTokens>(
        byte* w, int p, sbyte* q, long qStride, float* scales, ref Vector128<float> sum0, ref Vector128<float> sum1, ref Vector128<float> sum2, ref Vector128<float> sum3)
        where TTokens : struct, ITokens
    {
        Part part = new(w + ((long)(p / BlockScales<TFormat>.Parts) * TFormat.Bytes), p % BlockScales<TFormat>.Parts);
        float* scale = scales + (p * BlockScales<TFormat>.PerPart);
        sum0 = Add(part, q, scale, sum0);
        if (TTokens.Count == 4)
        {
            sum1 = Add(part, q + qStride, scale + Most, sum1);
            sum2 = Add(part, q + (2 * qStride), scale + (2 * Most), sum2);
            sum3 = Add(part, q + (3 * qStride), scale + (3 * Most), sum3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Add(in Part part, sbyte* q, float* scale, Vector128<float> sum)
    {
        Vector128<int> low = Dot4.Add(Vector128<int>.Zero, part.Low, Vector128.Load(q));
        Vector128<float> products;
        if (TFormat.HasHalfScales)
        {
            Vector128<int> high = Dot4.Add(Vector128<int>.Zero, part.High, Vector128.Load(q + 16));
            products = (Vector128.ConvertToSingle(low) * scale[0]) + (Vector128.ConvertToSingle(high) * scale[1]);
        }
        else
        {
            products = Vector128.ConvertToSingle(Dot4.Add(low, part.High, Vector128.Load(q + 16))) * scale[0];
        }

        return products + sum;
    }

    // 32 columns of weights, made ready once for all rows of x.
    private readonly struct Part
    {
        public readonly Vector128<sbyte> Low;
        public readonly Vector128<sbyte> High;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Part(byte* block, int part) => TFormat.LoadCodes(block, part, out Low, out High);
    }

    private struct Sums
    {
        public Vector128<float> Even;
        public Vector128<float> Odd;
        public float Minima;

        public readonly float Total => Vector128.Sum(Even + Odd) + Minima;
    }
}
