using Halo.Inference.Kernels.Panels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>A view of weights, (rows, columns), row-major as in the GGUF file or in panels of 16 rows; it owns nothing.</summary>
/// <remarks>Rows of a file may lie further apart than they are long, so that a column slice of a mapped file is a view too.</remarks>
public readonly unsafe struct WeightMatrix
{
    /// <summary>Views weights at <paramref name="data"/>.</summary>
    /// <param name="data">First byte of the first row; no alignment needed. It must stay valid as long as the view is used.</param>
    /// <param name="type">A supported type.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs, whole blocks of the type.</param>
    /// <param name="rowStrideBytes">From row to row; at least the bytes of a row.</param>
    public WeightMatrix(byte* data, TensorType type, int rows, int columns, long rowStrideBytes)
    {
        if (!TensorTypes.IsSupported(type))
        {
            throw new NotSupportedException($"There are no kernels for weights of type {type}.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowStrideBytes, TensorTypes.RowBytes(type, columns));
        Data = data;
        Type = type;
        Rows = rows;
        Columns = columns;
        RowStrideBytes = rowStrideBytes;
    }

    /// <summary>Views a whole matrix, rows back to back.</summary>
    /// <param name="data">First byte of the first row.</param>
    /// <param name="type">A supported type.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs, whole blocks of the type.</param>
    public WeightMatrix(byte* data, TensorType type, int rows, int columns)
        : this(data, type, rows, columns, TensorTypes.RowBytes(type, columns))
    {
    }

    private WeightMatrix(byte* data, TensorType type, int rows, int columns, long stride, WeightLayout layout)
    {
        Data = data;
        Type = type;
        Rows = rows;
        Columns = columns;
        Layout = layout;
        RowStrideBytes = stride;
    }

    /// <summary>Views a matrix in <see cref="PanelLayout"/>.</summary>
    /// <param name="data">First byte of the first panel, aligned to <see cref="PanelLayout.VectorBytes"/> for speed.</param>
    /// <param name="type">A quantised type.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs, whole blocks of the type.</param>
    public static WeightMatrix OfPanels(byte* data, TensorType type, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        _ = TensorTypes.RowBytes(type, columns);
        return new WeightMatrix(data, type, rows, columns, PanelLayout.PanelBytes(type, columns), WeightLayout.Panels);
    }

    /// <summary>First byte of row 0, or of panel 0.</summary>
    public byte* Data { get; }

    /// <summary>Storage type of all values.</summary>
    public TensorType Type { get; }

    /// <summary>Number of rows (outputs).</summary>
    public int Rows { get; }

    /// <summary>Number of columns (inputs).</summary>
    public int Columns { get; }

    /// <summary>In which order the values lie.</summary>
    public WeightLayout Layout { get; }

    /// <summary>Bytes from one row to the next, in a file; from one panel to the next, in panels.</summary>
    public long RowStrideBytes { get; }

    /// <summary>Bytes from one panel to the next.</summary>
    internal long PanelStrideBytes => RowStrideBytes;

    /// <summary>Bytes of all values as they lie, without what may lie between rows.</summary>
    public long ByteCount => Layout == WeightLayout.Panels
        ? PanelLayout.MatrixBytes(Type, Rows, Columns)
        : TensorTypes.RowBytes(Type, Columns) * Rows;

    /// <summary>Rows <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1.</summary>
    /// <exception cref="NotSupportedException">The matrix lies in panels.</exception>
    public WeightMatrix SliceRows(int first, int count)
    {
        CheckLayout();
        CheckRange(first, count, Rows, "rows");
        return new WeightMatrix(Data + (first * RowStrideBytes), Type, count, Columns, RowStrideBytes);
    }

    /// <summary>Columns <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1; both whole blocks of the type.</summary>
    /// <exception cref="NotSupportedException">The matrix lies in panels.</exception>
    public WeightMatrix SliceColumns(int first, int count)
    {
        CheckLayout();
        CheckRange(first, count, Columns, "columns");
        return new WeightMatrix(Data + TensorTypes.RowBytes(Type, first), Type, Rows, count, RowStrideBytes);
    }

    private void CheckLayout()
    {
        if (Layout != WeightLayout.File)
        {
            throw new NotSupportedException("A matrix in panels is not cut any more: cut it first.");
        }
    }

    private static void CheckRange(int first, int count, int available, string what)
    {
        if (first < 0 || count < 0 || first > available - count)
        {
            throw new ArgumentOutOfRangeException(nameof(first), $"{count} {what} from {first} on are outside of {available}.");
        }
    }
}
