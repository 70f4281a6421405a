using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Q8_0 and Q4_0 weights times int8 activations in 256-bit vectors (AVX2 with FMA).</summary>
/// <remarks>
/// Per block of 32 columns: exact integer products in 8 lanes, made f32, times the two scales, added to a sum of 8 lanes. There are
/// two sums, for even and odd blocks, so that one addition need not wait for the last. The order is the same however many
/// activation rows share the weights. The products of the two scales are made ahead for <see cref="ChunkBlocks"/> blocks: in the
/// block loop the f16 conversion would compete with the products for the multiplication units.
/// </remarks>
internal static unsafe class BlockKernel256<TWeights>
    where TWeights : struct, IBlockWeights
{
    private const int Columns = ActivationQuantizer.BlockColumns;

    /// <summary>Even, so that odd blocks stay odd; 4 rows of 64 scales are 1 KB of stack; 64 blocks are 2,048 columns.</summary>
    private const int ChunkBlocks = 64;

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

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(byte* w, sbyte* q, float* xScales, int blocks)
    {
        float* scales = stackalloc float[ChunkBlocks];
        Vector256<float> even = Vector256<float>.Zero;
        Vector256<float> odd = Vector256<float>.Zero;
        for (int left = blocks; left > 0; left -= ChunkBlocks)
        {
            int count = Math.Min(left, ChunkBlocks);
            ReadScales(w, count, scales);
            ScaleBy(scales, xScales, count, scales);
            xScales += count;
            int b = 0;
            for (; b + 2 <= count; b += 2)
            {
                even = Step(new Block(w), q, scales + b, even);
                odd = Step(new Block(w + TWeights.Bytes), q + Columns, scales + b + 1, odd);
                w += 2 * TWeights.Bytes;
                q += 2 * Columns;
            }

            if (b < count)
            {
                even = Step(new Block(w), q, scales + b, even);
            }
        }

        return Vector256.Sum(even + odd);
    }

    // 4 rows of x for one of w; each row does exactly the steps of Dot.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot4Rows(
        byte* w, sbyte* q0, int xStride, float* xScales, int scaleStride, int blocks, float* y, int yStride)
    {
        float* scales0 = stackalloc float[4 * ChunkBlocks];
        float* scales1 = scales0 + ChunkBlocks;
        float* scales2 = scales1 + ChunkBlocks;
        float* scales3 = scales2 + ChunkBlocks;
        sbyte* q1 = q0 + xStride;
        sbyte* q2 = q1 + xStride;
        sbyte* q3 = q2 + xStride;
        Vector256<float> even0 = Vector256<float>.Zero;
        Vector256<float> odd0 = Vector256<float>.Zero;
        Vector256<float> even1 = Vector256<float>.Zero;
        Vector256<float> odd1 = Vector256<float>.Zero;
        Vector256<float> even2 = Vector256<float>.Zero;
        Vector256<float> odd2 = Vector256<float>.Zero;
        Vector256<float> even3 = Vector256<float>.Zero;
        Vector256<float> odd3 = Vector256<float>.Zero;
        long c = 0;
        for (int left = blocks; left > 0; left -= ChunkBlocks)
        {
            int count = Math.Min(left, ChunkBlocks);
            ReadScales(w, count, scales0);
            ScaleBy(scales0, xScales + (3 * (long)scaleStride), count, scales3);
            ScaleBy(scales0, xScales + (2 * (long)scaleStride), count, scales2);
            ScaleBy(scales0, xScales + scaleStride, count, scales1);
            ScaleBy(scales0, xScales, count, scales0);
            xScales += count;
            int b = 0;
            for (; b + 2 <= count; b += 2, c += 2 * Columns)
            {
                Block block = new(w);
                even0 = Step(block, q0 + c, scales0 + b, even0);
                even1 = Step(block, q1 + c, scales1 + b, even1);
                even2 = Step(block, q2 + c, scales2 + b, even2);
                even3 = Step(block, q3 + c, scales3 + b, even3);

                block = new Block(w + TWeights.Bytes);
                odd0 = Step(block, q0 + c + Columns, scales0 + b + 1, odd0);
                odd1 = Step(block, q1 + c + Columns, scales1 + b + 1, odd1);
                odd2 = Step(block, q2 + c + Columns, scales2 + b + 1, odd2);
                odd3 = Step(block, q3 + c + Columns, scales3 + b + 1, odd3);

                w += 2 * TWeights.Bytes;
            }

            if (b < count)
            {
                Block block = new(w);
                even0 = Step(block, q0 + c, scales0 + b, even0);
                even1 = Step(block, q1 + c, scales1 + b, even1);
                even2 = Step(block, q2 + c, scales2 + b, even2);
                even3 = Step(block, q3 + c, scales3 + b, even3);
            }
        }

        y[0] = Vector256.Sum(even0 + odd0);
        y[yStride] = Vector256.Sum(even1 + odd1);
        y[2 * (long)yStride] = Vector256.Sum(even2 + odd2);
        y[3 * (long)yStride] = Vector256.Sum(even3 + odd3);
    }

    // scales[b] = the f16 at the head of block b, by 8: eight of them cost about as much as one alone.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadScales(byte* w, int count, float* scales)
    {
        Debug.Assert(count <= ChunkBlocks, "a chunk of scales");
        int b = 0;
        for (; b + 8 <= count; b += 8)
        {
            Vector128<short> halves = Vector128.Create(
                ScaleBits(w),
                ScaleBits(w + TWeights.Bytes),
                ScaleBits(w + (2 * TWeights.Bytes)),
                ScaleBits(w + (3 * TWeights.Bytes)),
                ScaleBits(w + (4 * TWeights.Bytes)),
                ScaleBits(w + (5 * TWeights.Bytes)),
                ScaleBits(w + (6 * TWeights.Bytes)),
                ScaleBits(w + (7 * TWeights.Bytes)));
            HalfBits.ToSingle(Avx2.ConvertToVector256Int32(halves)).Store(scales + b);
            w += 8 * TWeights.Bytes;
        }

        for (; b < count; b++)
        {
            scales[b] = HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(w));
            w += TWeights.Bytes;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static short ScaleBits(byte* block) => Unsafe.ReadUnaligned<short>(block);

    // products[b] = w scale * x scale, by 8: whatever follows the last scale, in the chunk or in the plane of x, is not used.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ScaleBy(float* scales, float* xScales, int count, float* products)
    {
        for (int b = 0; b < count; b += 8)
        {
            (Vector256.Load(scales + b) * Vector256.Load(xScales + b)).Store(products + b);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Step(in Block block, sbyte* q, float* scale, Vector256<float> sum)
    {
        // maddubs wants unsigned times signed: |w| and q with the sign of w. |-128| = 128 is fine unsigned, q is never -128, and a pair of
        // products is at most 2 * 128 * 127 = 32,512: a signed 16-bit lane holds it.
        Vector256<sbyte> signed = Avx2.Sign(Vector256.Load(q), block.Weights);
        Vector256<short> pairs = Avx2.MultiplyAddAdjacent(block.Magnitudes, signed);
        Vector256<int> products = Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One);
        return Fma.MultiplyAdd(Avx.ConvertToVector256Single(products), Avx.BroadcastScalarToVector256(scale), sum);
    }

    // One block of weights, made ready once for all rows of x.
    private readonly struct Block
    {
        public readonly Vector256<sbyte> Weights;
        public readonly Vector256<byte> Magnitudes;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Block(byte* block)
        {
            Weights = TWeights.Load256(block);
            Magnitudes = Avx2.Abs(Weights);
        }
    }
}
