using System.Diagnostics.CodeAnalysis;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Products of weights and activations: y[t, r] = sum over c of w[r, c] * x[t, c].</summary>
/// <remarks>
/// Batch-invariant: the bits of y[t, r] depend on row r of w and row t of x alone, not on how many rows x has nor on how the rows of
/// w are split among workers. So a prompt gives the same numbers in one piece, in pieces, or beside other prompts.
/// </remarks>
public static unsafe class MatMul
{
    /// <summary>Rows of w that pass by each group of tokens before the next group has its turn.</summary>
    /// <remarks>
    /// 16 rows of 2,048 f32 are 128 KB: they stay in the second-level cache over all tokens, and the few tokens of a group in the first.
    /// With one token it makes no difference.
    /// </remarks>
    internal const int PanelRows = 16;

    /// <summary>Whether the product reads the int8 plane of the activations, so that they must be quantised first.</summary>
    public static bool NeedsQuantizedInput(TensorType type) => TensorTypes.IsQuantized(type);

    /// <summary>Fills y[t * yStride + r] for every row t of <paramref name="x"/> and every r in firstRow..endRow - 1.</summary>
    /// <param name="w">(rows, columns).</param>
    /// <param name="x">(tokens, columns), quantised if <see cref="NeedsQuantizedInput"/> says so.</param>
    /// <param name="y">(tokens, yStride), f32; only the named rows r are written.</param>
    /// <param name="yStride">At least <paramref name="endRow"/> when there are several tokens.</param>
    /// <param name="firstRow">First row of w.</param>
    /// <param name="endRow">One past the last row of w.</param>
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow) =>
        Multiply(KernelSelector.Tier, w, x, y, yStride, firstRow, endRow);

    internal static void Multiply(
        KernelTier tier, in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (w.Columns != x.Columns)
        {
            ThrowColumns(w.Columns, x.Columns);
        }

        if (firstRow < 0 || endRow < firstRow || endRow > w.Rows || (x.Rows > 1 && yStride < endRow))
        {
            ThrowRows(firstRow, endRow, w.Rows, yStride);
        }

        if (x.Rows == 0 || firstRow == endRow)
        {
            return;
        }

        if (w.Layout == WeightLayout.Panels)
        {
            PanelMatMul.Multiply(tier, w, x, y, yStride, firstRow, endRow);
            return;
        }

        switch (w.Type)
        {
            case TensorType.F32:
                MultiplyFloats<F32Weights>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.F16:
                MultiplyFloats<F16Weights>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.BF16:
                MultiplyFloats<BF16Weights>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q8_0:
                MultiplyBlocks<FormatQ8_0>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q4_0:
                MultiplyBlocks<FormatQ4_0>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q4_1:
                MultiplyBlocks<FormatQ4_1>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q5_0:
                MultiplyBlocks<FormatQ5_0>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q5_1:
                MultiplyBlocks<FormatQ5_1>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q4_K:
                MultiplyBlocks<FormatQ4_K>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            case TensorType.Q5_K:
                MultiplyBlocks<FormatQ5_K>(tier, w, x, y, yStride, firstRow, endRow);
                break;
            default:
                MultiplyBlocks<FormatQ6_K>(tier, w, x, y, yStride, firstRow, endRow);
                break;
        }
    }

    private static void MultiplyFloats<TWeights>(
        KernelTier tier, in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
        where TWeights : struct, IFloatWeights
    {
        switch (tier)
        {
            case KernelTier.Avx512:
                FloatKernel512<TWeights>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            case KernelTier.AvxVnni:
            case KernelTier.Avx2:
                FloatKernel256<TWeights>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            case KernelTier.Vector128:
                FloatKernel128<TWeights>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            default:
                FloatKernelScalar<TWeights>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
        }
    }

    private static void MultiplyBlocks<TFormat>(
        KernelTier tier, in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
        where TFormat : struct, IBlockFormat
    {
        switch (tier)
        {
            case KernelTier.AvxVnni:
            case KernelTier.Avx512: // a block is 256 bits and its neighbour 2 bytes off: wider vectors would be put together from halves
            case KernelTier.Avx2:
                BlockKernel256<TFormat>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            case KernelTier.Vector128:
                BlockKernel128<TFormat>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
            default:
                BlockKernelScalar<TFormat>.Multiply(w, x, y, yStride, firstRow, endRow);
                break;
        }
    }

    [DoesNotReturn]
    private static void ThrowColumns(int weightColumns, int inputColumns) =>
        throw new ArgumentException($"The matrix has {weightColumns} columns, the activations have {inputColumns}.");

    [DoesNotReturn]
    private static void ThrowRows(int firstRow, int endRow, int rows, int yStride) =>
        throw new ArgumentOutOfRangeException(
            nameof(firstRow), $"Rows {firstRow} to {endRow} (exclusive) of {rows} do not fit, or not into a result stride of {yStride}.");
}
