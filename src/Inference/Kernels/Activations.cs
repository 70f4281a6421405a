using System.Diagnostics.CodeAnalysis;
using Halo.Inference.Memory;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>Input rows of matrix products, prepared once and used by every matrix that reads them.</summary>
/// <remarks>
/// Set the shape, write the rows, then <see cref="Quantize"/> them if a matrix needs it (<see cref="MatMul.NeedsQuantizedInput"/>).
/// Rows are quantised one by one, so that several workers may each take some.
/// </remarks>
public sealed unsafe class Activations : IDisposable
{
    /// <summary>Columns are padded to a multiple of this: 64 f32 are the four vectors of one step of the widest kernel.</summary>
    private const int PadColumns = 64;

    /// <summary>Numbers that the panel kernels want of a block of 32, side by side.</summary>
    internal const int MarksPerBlock = 4;

    /// <summary>The block's scale d.</summary>
    internal const int ScaleMark = 0;

    /// <summary>d times the sum of the block's int8 values: what a weight's offset or minimum is multiplied by.</summary>
    internal const int SumMark = 1;

    /// <summary>The same of its first 16 columns.</summary>
    internal const int LowSumMark = 2;

    /// <summary>The same of its last 16 columns.</summary>
    internal const int HighSumMark = 3;

    /// <summary>Kernels read scales in vectors of 8 and may do so from the last one on.</summary>
    private const int SpareScales = 7;

    private readonly AlignedBuffer<float> _values; // (Rows, Stride), f32; zero from Columns to Stride
    private readonly AlignedBuffer<sbyte> _quantized; // (Rows, Stride), int8
    private readonly AlignedBuffer<float> _scales; // (Rows, Stride / 32), f32: value = scale * quantized
    private readonly AlignedBuffer<float> _marks; // (Rows, Stride / 32, 4), f32

    /// <summary>Room for <paramref name="maxRows"/> rows of <paramref name="maxColumns"/> columns; the shape is (0, 0).</summary>
    public Activations(int maxRows, int maxColumns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxRows);
        ArgumentOutOfRangeException.ThrowIfNegative(maxColumns);
        MaxRows = maxRows;
        MaxColumns = maxColumns;
        long values = (long)maxRows * PadTo(maxColumns);
        _values = new AlignedBuffer<float>(values);
        _quantized = new AlignedBuffer<sbyte>(values);
        _scales = new AlignedBuffer<float>((values / ActivationQuantizer.BlockColumns) + SpareScales);
        _marks = new AlignedBuffer<float>(values / ActivationQuantizer.BlockColumns * MarksPerBlock);
    }

    /// <summary>Most rows.</summary>
    public int MaxRows { get; }

    /// <summary>Most columns.</summary>
    public int MaxColumns { get; }

    /// <summary>Rows (tokens) now.</summary>
    public int Rows { get; private set; }

    /// <summary>Columns of a row now, without padding.</summary>
    public int Columns { get; private set; }

    /// <summary>Elements from row to row: <see cref="Columns"/> rounded up to 64.</summary>
    public int Stride { get; private set; }

    internal sbyte* QuantizedPointer => _quantized.Pointer;

    internal float* ScalesPointer => _scales.Pointer;

    internal float* MarksPointer => _marks.Pointer;

    /// <summary>Marks from row to row.</summary>
    internal int MarkStride => Stride / ActivationQuantizer.BlockColumns * MarksPerBlock;

    /// <summary>Sets the shape. What the rows hold is then undefined, save that their padding is zero.</summary>
    public void SetShape(int rows, int columns)
    {
        if ((uint)rows > (uint)MaxRows || (uint)columns > (uint)MaxColumns)
        {
            ThrowShape(rows, columns, MaxRows, MaxColumns);
        }

        Rows = rows;
        Columns = columns;
        Stride = PadTo(columns);
        for (int row = 0; row < rows; row++)
        {
            // A longer row may have been here.
            _values.Slice(((long)row * Stride) + columns, Stride - columns).Clear();
        }
    }

    /// <summary>The f32 values of a row, (columns), to be written.</summary>
    public Span<float> Row(int row)
    {
        CheckRow(row);
        return new Span<float>(_values.Pointer + ((long)row * Stride), Columns);
    }

    /// <summary>The first f32 value of a row; <see cref="Stride"/> of them may be read.</summary>
    public float* RowPointer(int row)
    {
        CheckRow(row);
        return _values.Pointer + ((long)row * Stride);
    }

    /// <summary>Fills the int8 plane of rows <paramref name="firstRow"/> to <paramref name="endRow"/> - 1 from their f32 values.</summary>
    public void Quantize(int firstRow, int endRow)
    {
        if (firstRow < 0 || endRow < firstRow || endRow > Rows)
        {
            ThrowRows(firstRow, endRow, Rows);
        }

        // The padding too: it is zero, and a stale NaN in it would spoil the last block of a panel.
        int blocks = Stride / ActivationQuantizer.BlockColumns;
        for (int row = firstRow; row < endRow; row++)
        {
            long start = (long)row * Stride;
            ActivationQuantizer.Quantize(
                _values.Pointer + start,
                _quantized.Pointer + start,
                _scales.Pointer + ((long)row * blocks),
                _marks.Pointer + ((long)row * MarkStride),
                blocks);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Rows = 0;
        Columns = 0;
        Stride = 0;
        _values.Dispose();
        _quantized.Dispose();
        _scales.Dispose();
        _marks.Dispose();
    }

    private static int PadTo(int columns) => checked(columns + PadColumns - 1) / PadColumns * PadColumns;

    private void CheckRow(int row)
    {
        if ((uint)row >= (uint)Rows)
        {
            ThrowRows(row, row + 1, Rows);
        }
    }

    [DoesNotReturn]
    private static void ThrowShape(int rows, int columns, int maxRows, int maxColumns) =>
        throw new ArgumentOutOfRangeException(nameof(rows), $"({rows}, {columns}) does not fit into ({maxRows}, {maxColumns}).");

    [DoesNotReturn]
    private static void ThrowRows(int firstRow, int endRow, int rows) =>
        throw new ArgumentOutOfRangeException(nameof(firstRow), $"Rows {firstRow} to {endRow} (exclusive) are outside of {rows}.");
}
