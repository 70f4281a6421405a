using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Halo.Inference.Kernels;

/// <summary>F32, F16 and BF16 weights times f32 activations in 256-bit vectors (AVX2 with FMA).</summary>
/// <remarks>
/// A sum is kept in 4 vectors, A to D, for columns 0..7, 8..15, … of every 32; whole vectors that remain go to A, single columns
/// into a scalar. The order is the same however many activation rows share the weights.
/// </remarks>
internal static unsafe class FloatKernel256<TWeights>
    where TWeights : struct, IFloatWeights
{
    private const int Lanes = 8;

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
            Vector256<float> weights = Load(w, c);
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
            Vector256<float> weights = Load(w, c);
            s0.A = Step(weights, x0 + c, s0.A);
            s1.A = Step(weights, x1 + c, s1.A);
        }

        y[0] = Total(s0) + Rest(w, x0, c, columns);
        y[yStride] = Total(s1) + Rest(w, x1, c, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(byte* w, int column) => TWeights.Load256(w + ((long)column * TWeights.Bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Step(Vector256<float> weights, float* x, Vector256<float> sum) =>
        Vector256.FusedMultiplyAdd(weights, Vector256.Load(x), sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Total(in Sums s) => Vector256.Sum((s.A + s.B) + (s.C + s.D));

    // Fewer than 8 columns; reading a whole vector could leave the mapped file.
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
        public Vector256<float> A;
        public Vector256<float> B;
        public Vector256<float> C;
        public Vector256<float> D;
    }
}
