using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Q8_0 and Q4_0 weights times int8 activations in 128-bit vectors (SSSE3 or AdvSimd).</summary>
/// <remarks>
/// Per block of 32 columns: exact integer products in 4 lanes, made f32, times the two scales, added to a sum of 4 lanes. There are
/// two sums, for even and odd blocks, so that one addition need not wait for the last. The order is the same however many
/// activation rows share the weights.
/// </remarks>
internal static unsafe class BlockKernel128<TWeights>
    where TWeights : struct, IBlockWeights
{
    private const int Columns = ActivationQuantizer.BlockColumns;

    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        int blocks = w.Columns / Columns;
        int rows = x.Rows;
        int xStride = x.Stride;
        int scaleStride = xStride / Columns;
        for (int panel = firstRow; panel < endRow; panel += MatMul.PanelRows)
        {
            int panelEnd = Math.Min(panel + MatMul.PanelRows, endRow);
            sbyte* q = x.QuantizedPointer;
            float* scales = x.ScalesPointer;
            float* results = y;
            int t = 0;
            for (; t + 4 <= rows; t += 4)
            {
                for (int r = panel; r < panelEnd; r++)
                {
                    Dot4Rows(w.Data + (r * w.RowStrideBytes), q, xStride, scales, scaleStride, blocks, results + r, yStride);
                }

                q += 4 * (long)xStride;
                scales += 4 * (long)scaleStride;
                results += 4 * (long)yStride;
            }

            for (; t < rows; t++)
            {
                for (int r = panel; r < panelEnd; r++)
                {
                    results[r] = Dot(w.Data + (r * w.RowStrideBytes), q, scales, blocks);
                }

                q += xStride;
                scales += scaleStride;
                results += yStride;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(byte* w, sbyte* q, float* scales, int blocks)
    {
        Vector128<float> even = Vector128<float>.Zero;
        Vector128<float> odd = Vector128<float>.Zero;
        int b = 0;
        for (; b + 2 <= blocks; b += 2)
        {
            even = Step(new Block(w), q, scales[b], even);
            odd = Step(new Block(w + TWeights.Bytes), q + Columns, scales[b + 1], odd);
            w += 2 * TWeights.Bytes;
            q += 2 * Columns;
        }

        if (b < blocks)
        {
            even = Step(new Block(w), q, scales[b], even);
        }

        return Vector128.Sum(even + odd);
    }

    // 4 rows of x for one of w; each row does exactly the steps of Dot.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot4Rows(
        byte* w, sbyte* q0, int xStride, float* scales0, int scaleStride, int blocks, float* y, int yStride)
    {
        sbyte* q1 = q0 + xStride;
        sbyte* q2 = q1 + xStride;
        sbyte* q3 = q2 + xStride;
        float* scales1 = scales0 + scaleStride;
        float* scales2 = scales1 + scaleStride;
        float* scales3 = scales2 + scaleStride;
        Vector128<float> even0 = Vector128<float>.Zero;
        Vector128<float> odd0 = Vector128<float>.Zero;
        Vector128<float> even1 = Vector128<float>.Zero;
        Vector128<float> odd1 = Vector128<float>.Zero;
        Vector128<float> even2 = Vector128<float>.Zero;
        Vector128<float> odd2 = Vector128<float>.Zero;
        Vector128<float> even3 = Vector128<float>.Zero;
        Vector128<float> odd3 = Vector128<float>.Zero;
        int b = 0;
        for (; b + 2 <= blocks; b += 2)
        {
            Block block = new(w);
            even0 = Step(block, q0 + (b * Columns), scales0[b], even0);
            even1 = Step(block, q1 + (b * Columns), scales1[b], even1);
            even2 = Step(block, q2 + (b * Columns), scales2[b], even2);
            even3 = Step(block, q3 + (b * Columns), scales3[b], even3);

            block = new Block(w + TWeights.Bytes);
            odd0 = Step(block, q0 + ((b + 1) * Columns), scales0[b + 1], odd0);
            odd1 = Step(block, q1 + ((b + 1) * Columns), scales1[b + 1], odd1);
            odd2 = Step(block, q2 + ((b + 1) * Columns), scales2[b + 1], odd2);
            odd3 = Step(block, q3 + ((b + 1) * Columns), scales3[b + 1], odd3);

            w += 2 * TWeights.Bytes;
        }

        if (b < blocks)
        {
            Block block = new(w);
            even0 = Step(block, q0 + (b * Columns), scales0[b], even0);
            even1 = Step(block, q1 + (b * Columns), scales1[b], even1);
            even2 = Step(block, q2 + (b * Columns), scales2[b], even2);
            even3 = Step(block, q3 + (b * Columns), scales3[b], even3);
        }

        y[0] = Vector128.Sum(even0 + odd0);
        y[yStride] = Vector128.Sum(even1 + odd1);
        y[2 * (long)yStride] = Vector128.Sum(even2 + odd2);
        y[3 * (long)yStride] = Vector128.Sum(even3 + odd3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Step(in Block block, sbyte* q, float scale, Vector128<float> sum)
    {
        Vector128<int> products = Dot4.Add(Vector128<int>.Zero, block.Low, Vector128.Load(q));
        products = Dot4.Add(products, block.High, Vector128.Load(q + 16));
        return (Vector128.ConvertToSingle(products) * (block.Scale * scale)) + sum;
    }

    // One block of weights, made ready once for all rows of x.
    private readonly struct Block
    {
        public readonly Vector128<sbyte> Low;
        public readonly Vector128<sbyte> High;
        public readonly float Scale;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Block(byte* block)
        {
            TWeights.Load128(block, out Low, out High);
            Scale = HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(block));
        }
    }
}
