using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>Quantised weights in panels times int8 activations in plain loops: where there are no vectors, and to compare with.</summary>
internal static unsafe class PanelKernelScalar<TFormat>
    where TFormat : struct, IBlockFormat
{
    private const int PartColumns = IBlockFormat.PartColumns;
    private const int Rows = PanelLayout.Rows;

    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        for (int r = firstRow; r < endRow; r++)
        {
            byte* panel = w.Data + (r / Rows * w.PanelStrideBytes);
            for (int t = 0; t < x.Rows; t++)
            {
                sbyte* q = x.QuantizedPointer + ((long)t * x.Stride);
                float* marks = x.MarksPointer + ((long)t * x.MarkStride);
                float sum = 0;
                for (int part = 0; part < w.Columns / PartColumns; part++)
                {
                    sum += Part(panel, r % Rows, part, w.Type, q, marks);
                    q += PartColumns;
                    marks += Activations.MarksPerBlock;
                }

                y[((long)t * yStride) + r] = sum;
            }
        }
    }

    private static float Part(byte* panel, int row, int part, TensorType type, sbyte* q, float* marks)
    {
        int parts = PanelLayout.UnitColumns(type) / PartColumns;
        byte* unit = panel + ((long)(part / parts) * PanelLayout.UnitBytes(type));
        int within = part % parts;
        byte* codes = unit + PanelLayout.UnitBytes(type) - ((parts - within) * PanelLayout.CodeBytes(TFormat.Bits));
        int low = 0;
        int high = 0;
        for (int c = 0; c < PartColumns / 2; c++)
        {
            low += (Code(codes, row, c) - TFormat.Offset) * q[c];
            high += (Code(codes, row, c + 16) - TFormat.Offset) * q[c + 16];
        }

        float scale = marks[Activations.ScaleMark];
        if (TFormat.HasHalfScales)
        {
            sbyte* halfScales = (sbyte*)unit + (2 * PanelLayout.HalvesBytes) + (2 * within * Rows) + row;
            return Half(unit, 0, row) * scale * ((low * halfScales[0]) + (high * halfScales[Rows]));
        }

        if (TFormat.Columns == PartColumns)
        {
            float minimum = TFormat.HasMinimum ? Half(unit, 2 + within, row) : 0;
            return (Half(unit, within, row) * scale * (low + high)) + (minimum * marks[Activations.SumMark]);
        }

        byte* partScales = unit + (2 * PanelLayout.HalvesBytes) + (within * Rows) + row;
        return (Half(unit, 0, row) * partScales[0] * scale * (low + high))
            - (Half(unit, 1, row) * partScales[SuperBlockScales.Count * Rows] * marks[Activations.SumMark]);
    }

    private static float Half(byte* unit, int index, int row) => CodeWords.Half(unit + (index * PanelLayout.HalvesBytes) + (2 * row));

    private static int Code(byte* codes, int row, int column)
    {
        const int Vector = PanelLayout.VectorBytes;
        int at = (4 * row) + (column % 4);
        int j = column % 16 / 4;
        if (TFormat.Bits == 8)
        {
            return (sbyte)codes[(column / 4 * Vector) + at];
        }

        bool high = column >= 16;
        int nibble = (codes[((TFormat.Bits - 4 + j) * Vector) + at] >> (high ? 4 : 0)) & 15;
        return TFormat.Bits switch
        {
            4 => nibble,
            5 => nibble | (((codes[at] >> (high ? 4 + j : j)) & 1) << 4),
            _ => nibble | (((codes[(high ? Vector : 0) + at] >> (2 * j)) & 3) << 4),
        };
    }
}
