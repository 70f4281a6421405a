using System.Runtime.Intrinsics;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>Picks the panel kernel of a tier and a type.</summary>
internal static unsafe class PanelMatMul
{
    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    public static void Multiply(KernelTier tier, in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        switch (w.Type)
        {
            case TensorType.Q8_0:
                // 512 bits have no instruction for signed bytes in this runtime.
                Multiply<FormatQ8_0>(Narrower(tier), w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q4_0:
                Multiply<FormatQ4_0>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q4_1:
                Multiply<FormatQ4_1>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q5_0:
                Multiply<FormatQ5_0>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q5_1:
                Multiply<FormatQ5_1>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q4_K:
                Multiply<FormatQ4_K>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q5_K:
                Multiply<FormatQ5_K>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            default:
                Multiply<FormatQ6_K>(tier, w, x, y, yStride, firstRow, endRow);
                break;
        }
    }

    private static KernelTier Narrower(KernelTier tier) =>
        tier == KernelTier.Avx512 ? KernelSelector.IsSupported(KernelTier.AvxVnni) ? KernelTier.AvxVnni : KernelTier.Avx2 : tier;

    private static void Multiply<TFormat>(KernelTier tier, in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
        where TFormat : struct, IBlockFormat
    {
        switch (tier)
        {
            case KernelTier.Avx512:
                PanelKernel<Lanes512, Vector512<byte>, Vector512<short>, Vector512<float>, TFormat>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            case KernelTier.AvxVnni:
                PanelKernel<LanesVnni256, Vector256<byte>, Vector256<int>, Vector256<float>, TFormat>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            case KernelTier.Avx2:
                PanelKernel<Lanes256, Vector256<byte>, Vector256<short>, Vector256<float>, TFormat>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            case KernelTier.Vector128:
                PanelKernel<Lanes128, Vector128<byte>, Vector128<int>, Vector128<float>, TFormat>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            default:
                PanelKernelScalar<TFormat>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
        }
    }
}
