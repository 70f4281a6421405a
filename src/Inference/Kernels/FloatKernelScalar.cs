using System.Runtime.CompilerServices;

namespace Halo.Inference.Kernels;

/// <summary>F32, F16 and BF16 weights times f32 activations in plain loops.</summary>
internal static unsafe class FloatKernelScalar<TWeights>
    where TWeights : struct, IFloatWeights
{
    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        for (int r = firstRow; r < endRow; r++)
        {
            byte* weights = w.Data + (r * w.RowStrideBytes);
            for (int t = 0; t < x.Rows; t++)
            {
                float* inputs = x.RowPointer(t);
                float sum = 0;
                for (int c = 0; c < w.Columns; c++)
                {
                    sum += TWeights.Load(weights + ((long)c * TWeights.Bytes)) * inputs[c];
                }

                y[((long)t * yStride) + r] = sum;
            }
        }
    }
}
