using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Quantised weights in file layout times int8 activations in plain loops.</summary>
/// <remarks>
/// y = sum over parts p of 32 columns of xScale[p] * (sum over its halves h of wScale[p, h] * (sum of (code - offset) * xq, exact in integers))
/// + minimum[p] * xScale[p] * (sum of xq).
/// </remarks>
internal static unsafe class BlockKernelScalar<TFormat>
    where TFormat : struct, IBlockFormat
{
    private const int PartColumns = IBlockFormat.PartColumns;

    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        for (int r = firstRow; r < endRow; r++)
        {
            for (int t = 0; t < x.Rows; t++)
            {
                y[((long)t * yStride) + r] = Dot(w.Data + (r * w.RowStrideBytes), w.Columns, x, t);
            }
        }
    }

    private static float Dot(byte* block, int columns, Activations x, int token)
    {
        int parts = TFormat.Columns / PartColumns;
        uint* codes = stackalloc uint[PartColumns / sizeof(uint)];
        sbyte* q = x.QuantizedPointer + ((long)token * x.Stride);
        float* marks = x.MarksPointer + ((long)token * x.MarkStride);
        float sum = 0;
        for (int p = 0; p < columns / PartColumns; p++, q += PartColumns, marks += Activations.MarksPerBlock)
        {
            byte* at = block + ((long)(p / parts) * TFormat.Bytes);
            int part = p % parts;
            TFormat.ReadCodes(at, part, codes);
            float scaled = (TFormat.ReadScale(at, 2 * part) * Products((byte*)codes, q))
                + (TFormat.ReadScale(at, (2 * part) + 1) * Products((byte*)codes + 16, q + 16));
            sum += scaled * marks[Activations.ScaleMark];
            if (TFormat.HasMinimum)
            {
                sum += TFormat.ReadMinimum(at, part) * marks[Activations.SumMark];
            }
        }

        return sum;
    }

    // At most 16 * 128 * 127.
    private static int Products(byte* codes, sbyte* q)
    {
        int products = 0;
        for (int c = 0; c < 16; c++)
        {
            products += ((TFormat.Bits == 8 ? (sbyte)codes[c] : codes[c]) - TFormat.Offset) * q[c];
        }

        return products;
    }
}
