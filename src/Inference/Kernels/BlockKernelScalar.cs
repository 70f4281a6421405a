using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Q8_0 and Q4_0 weights times int8 activations in plain loops.</summary>
/// <remarks>y = sum over blocks b of (wScale[b] * xScale[b]) * (sum over the 32 columns of wq * xq, exact in integers).</remarks>
internal static unsafe class BlockKernelScalar<TWeights>
    where TWeights : struct, IBlockWeights
{
    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        int blocks = w.Columns / ActivationQuantizer.BlockColumns;
        int rowScales = x.Stride / ActivationQuantizer.BlockColumns;
        for (int r = firstRow; r < endRow; r++)
        {
            for (int t = 0; t < x.Rows; t++)
            {
                byte* block = w.Data + (r * w.RowStrideBytes);
                sbyte* q = x.QuantizedPointer + ((long)t * x.Stride);
                float* scales = x.ScalesPointer + ((long)t * rowScales);
                float sum = 0;
                for (int b = 0; b < blocks; b++)
                {
                    int products = 0; // at most 32 * 128 * 127 = 520,192
                    for (int c = 0; c < ActivationQuantizer.BlockColumns; c++)
                    {
                        products += TWeights.Load(block, c) * q[c];
                    }

                    sum += HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(block)) * scales[b] * products;
                    block += TWeights.Bytes;
                    q += ActivationQuantizer.BlockColumns;
                }

                y[((long)t * yStride) + r] = sum;
            }
        }
    }
}
