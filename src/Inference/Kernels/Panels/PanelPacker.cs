using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>Lays out a matrix in panels: see <see cref="PanelLayout"/>.</summary>
public static unsafe class PanelPacker
{
    private const int Rows = PanelLayout.Rows;
    private const int PartColumns = IBlockFormat.PartColumns;
    private const int PartWords = PartColumns / sizeof(uint);
    private const int VectorWords = PanelLayout.VectorBytes / sizeof(uint);

    /// <summary>Writes panel <paramref name="panel"/> of <paramref name="source"/>: its rows 16 * panel and on.</summary>
    /// <param name="source">In file layout.</param>
    /// <param name="panel">Which panel.</param>
    /// <param name="target"><see cref="PanelLayout.PanelBytes"/> bytes, 4-byte aligned.</param>
    /// <exception cref="NotSupportedException">The type has no such layout, or the matrix has it already.</exception>
    public static void Pack(in WeightMatrix source, int panel, byte* target)
    {
        if (source.Layout != WeightLayout.File)
        {
            throw new NotSupportedException("Only a matrix in file layout can be laid out in panels.");
        }

        int first = panel * Rows;
        int rows = Math.Clamp(source.Rows - first, 0, Rows);
        byte* row = source.Data + (first * source.RowStrideBytes);
        NativeMemory.Clear(target, (nuint)PanelLayout.PanelBytes(source.Type, source.Columns));
        for (int r = 0; r < rows; r++, row += source.RowStrideBytes)
        {
            switch (source.Type)
            {
                case TensorType.Q8_0:
                    PackRow<FormatQ8_0>(row, r, source, target);
                    break;
                case TensorType.Q4_0:
                    PackRow<FormatQ4_0>(row, r, source, target);
                    break;
                case TensorType.Q4_1:
                    PackRow<FormatQ4_1>(row, r, source, target);
                    break;
                case TensorType.Q5_0:
                    PackRow<FormatQ5_0>(row, r, source, target);
                    break;
                case TensorType.Q5_1:
                    PackRow<FormatQ5_1>(row, r, source, target);
                    break;
                case TensorType.Q4_K:
                    PackSuperRow<FormatQ4_K>(row, r, source, target);
                    break;
                case TensorType.Q5_K:
                    PackSuperRow<FormatQ5_K>(row, r, source, target);
                    break;
                default:
                    PackSixBitRow(row, r, source, target);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRow<TFormat>(byte* block, int row, in WeightMatrix source, byte* target)
        where TFormat : struct, IBlockFormat
    {
        int headBytes = (TFormat.HasMinimum ? 4 : 2) * PanelLayout.HalvesBytes;
        int unitBytes = PanelLayout.UnitBytes(source.Type);
        for (int b = 0; b < source.Columns / PartColumns; b++, block += TFormat.Bytes)
        {
            byte* unit = target + ((long)(b / 2) * unitBytes);
            PutHalf(unit, b % 2, row, block);
            if (TFormat.HasMinimum)
            {
                PutHalf(unit, 2 + (b % 2), row, block + 2);
            }

            PutCodes<TFormat>(block, 0, row, unit + headBytes + (b % 2 * PanelLayout.CodeBytes(TFormat.Bits)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackSuperRow<TFormat>(byte* block, int row, in WeightMatrix source, byte* unit)
        where TFormat : struct, IBlockFormat
    {
        byte* unitEnd = unit + PanelLayout.PanelBytes(source.Type, source.Columns);
        int unitBytes = PanelLayout.UnitBytes(source.Type);
        for (; unit < unitEnd; unit += unitBytes, block += TFormat.Bytes)
        {
            PutHalf(unit, 0, row, block);
            PutHalf(unit, 1, row, block + 2);
            byte* scales = unit + (2 * PanelLayout.HalvesBytes);
            byte* minima = scales + (SuperBlockScales.Count * Rows);
            byte* codes = minima + (SuperBlockScales.Count * Rows);
            for (int part = 0; part < SuperBlockScales.Count; part++)
            {
                scales[(part * Rows) + row] = (byte)SuperBlockScales.Scale(block + FormatQ4_K.ScalesAt, part);
                minima[(part * Rows) + row] = (byte)SuperBlockScales.Minimum(block + FormatQ4_K.ScalesAt, part);
                PutCodes<TFormat>(block, part, row, codes + (part * PanelLayout.CodeBytes(TFormat.Bits)));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackSixBitRow(byte* block, int row, in WeightMatrix source, byte* unit)
    {
        byte* unitEnd = unit + PanelLayout.PanelBytes(source.Type, source.Columns);
        int unitBytes = PanelLayout.UnitBytes(source.Type);
        for (; unit < unitEnd; unit += unitBytes, block += TensorTypes.BlockBytes(TensorType.Q6_K))
        {
            PutHalf(unit, 0, row, block + FormatQ6_K.ScaleAt);
            byte* scales = unit + (2 * PanelLayout.HalvesBytes);
            byte* codes = scales + (16 * Rows);
            for (int half = 0; half < 16; half++)
            {
                scales[(half * Rows) + row] = block[FormatQ6_K.ScalesAt + half];
            }

            for (int part = 0; part < 8; part++)
            {
                PutCodes<FormatQ6_K>(block, part, row, codes + (part * PanelLayout.CodeBytes(6)));
            }
        }
    }

    private static void PutHalf(byte* unit, int index, int row, byte* half) =>
        *(ushort*)(unit + (index * PanelLayout.HalvesBytes) + (2 * row)) = Unsafe.ReadUnaligned<ushort>(half);

    // A word is one row's four bytes of a vector.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutCodes<TFormat>(byte* block, int part, int row, byte* codes)
        where TFormat : struct, IBlockFormat
    {
        uint* words = stackalloc uint[PartWords];
        TFormat.ReadCodes(block, part, words);
        uint* vectors = (uint*)codes + row;
        if (TFormat.Bits == 8)
        {
            for (int j = 0; j < PartWords; j++)
            {
                vectors[j * VectorWords] = words[j];
            }

            return;
        }

        int upper = TFormat.Bits - 4;
        for (int plane = 0; plane < upper; plane++)
        {
            uint bits = 0;
            for (int j = 0; j < 4; j++)
            {
                bits |= TFormat.Bits == 5
                    ? (((words[j] >> 4) & 0x0101_0101) << j) | (((words[j + 4] >> 4) & 0x0101_0101) << (4 + j))
                    : ((words[j + (4 * plane)] >> 4) & 0x0303_0303) << (2 * j);
            }

            vectors[plane * VectorWords] = bits;
        }

        for (int j = 0; j < 4; j++)
        {
            vectors[(upper + j) * VectorWords] = (words[j] & 0x0F0F_0F0F) | ((words[j + 4] & 0x0F0F_0F0F) << 4);
        }
    }
}
