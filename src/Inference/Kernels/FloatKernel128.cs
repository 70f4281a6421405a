using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Kernels;

/// <summary>F32, F16 and BF16 weights times f32 activations in 128-bit vectors (SSSE3 or AdvSimd).</summary>
/// <remarks>
/// A sum is kept in 4 vectors, A to D, for columns 0..3, 4..7, … of every 16; whole vectors that remain go to A, single columns
/// into a scalar. The order is the same however many activation rows share the weights.
/// </remarks>
internal static unsafe class FloatKernel128<TWeights>
    where TWeights : struct, IFloatWeights
{
    private const int Lanes = 4;

    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        int columns = w.Columns;
        int rows = x.Rows;
        int xStride = x.Stride;
        float* inputs = x.RowPointer(0);
        for (int panel = firstRow; panel < endRow; panel += MatMul.PanelRows)
        {
            int panelEnd = Math.Min(panel + MatMul.PanelRows, endRow);
            int t = 0;
            for (; t + 2 <= rows; t += 2)
            {
                float* tokens = inputs + ((long)t * xStride);
                for (int r = panel; r < panelEnd; r++)
                {
                    Dot2Rows(w.Data + (r * w.RowStrideBytes), tokens, xStride, columns, y + ((long)t * yStride) + r, yStride);
                }
            }

            for (; t < rows; t++)
            {
                float* token = inputs + ((long)t * xStride);
                for (int r = panel; r < panelEnd; r++)
                {
                    y[((long)t * yStride) + r] = Dot(w.Data + (r * w.RowStrideBytes), token, columns);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(byte* w, float* x, int columns)
    {
        Sums s = default;
        int c = 0;
        for (; c + (4 * Lanes) <= columns; c += 4 * Lanes)
        {
            s.A = Step(Load(w, c), x + c, s.A);
            s.B = Step(Load(w, c + Lanes), x + c + Lanes, s.B);
            s.C = Step(Load(w, c + (2 * Lanes)), x + c + (2 * Lanes), s.C);
            s.D = Step(Load(w, c + (3 * Lanes)), x + c + (3 * Lanes), s.D);
        }

        for (; c + Lanes <= columns; c += Lanes)
        {
            s.A = Step(Load(w, c), x + c, s.A);
        }

        return Total(s) + Rest(w, x, c, columns);
    }

    // 2 rows of x for one of w; each row does exactly the steps of Dot.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot2Rows(byte* w, float* x0, int xStride, int columns, float* y, int yStride)
    {
        float* x1 = x0 + xStride;
        Sums s0 = default;
        Sums s1 = default;
        int c = 0;
        for (; c + (4 * Lanes) <= columns; c += 4 * Lanes)
        {
            Vector128<float> weights = Load(w, c);
            s0.A = Step(weights, x0 + c, s0.A);
            s1.A = Step(weights, x1 + c, s1.A);

            weights = Load(w, c + Lanes);
            s0.B = Step(weights, x0 + c + Lanes, s0.B);
            s1.B = Step(weights, x1 + c + Lanes, s1.B);

            weights = Load(w, c + (2 * Lanes));
            s0.C = Step(weights, x0 + c + (2 * Lanes), s0.C);
            s1.C = Step(weights, x1 + c + (2 * Lanes), s1.C);

            weights = Load(w, c + (3 * Lanes));
            s0.D = Step(weights, x0 + c + (3 * Lanes), s0.D);
            s1.D = Step(weights, x1 + c + (3 * Lanes), s1.D);
        }

        for (; c + Lanes <= columns; c += Lanes)
        {
            Vector128<float> weights = Load(w, c);
            s0.A = Step(weights, x0 + c, s0.A);
            s1.A = Step(weights, x1 + c, s1.A);
        }

        y[0] = Total(s0) + Rest(w, x0, c, columns);
        y[yStride] = Total(s1) + Rest(w, x1, c, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Load(byte* w, int column) => TWeights.Load128(w + ((long)column * TWeights.Bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Step(Vector128<float> weights, float* x, Vector128<float> sum) =>
        Vector128.MultiplyAddEstimate(weights, Vector128.Load(x), sum); // fused where the processor can, which SSSE3 alone cannot

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total(in Sums s) => Vector128.Sum((s.A + s.B) + (s.C + s.D));

    // Fewer than 4 columns; reading a whole vector could leave the mapped file.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Rest(byte* w, float* x, int column, int columns)
    {
        float sum = 0;
        for (; column < columns; column++)
        {
            sum += TWeights.Load(w + ((long)column * TWeights.Bytes)) * x[column];
        }

        return sum;
    }

    private struct Sums
    {
        public Vector128<float> A;
        public Vector128<float> B;
        public Vector128<float> C;
        public Vector128<float> D;
    }
}
