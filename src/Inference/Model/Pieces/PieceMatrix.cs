using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model.Pieces;

/// <summary>Where a matrix lies in a piece: in panels if its type has them, else row after row without gaps.</summary>
/// <param name="Type">Storage type.</param>
/// <param name="Rows">Outputs.</param>
/// <param name="Columns">Inputs, whole blocks.</param>
/// <param name="OwnColumn">Where the piece's own columns start; above 0 where a covering block begins before them.</param>
/// <param name="Offset">First byte, counted from the start of the payload; a multiple of 64.</param>
internal readonly record struct PieceMatrix(TensorType Type, int Rows, int Columns, int OwnColumn, long Offset)
{
    internal bool InPanels => PanelLayout.Has(Type);

    /// <summary>Bytes from row to row, or from panel to panel.</summary>
    internal long Stride => InPanels ? PanelLayout.PanelBytes(Type, Columns) : TensorTypes.RowBytes(Type, Columns);

    internal long ByteCount => InPanels ? PanelLayout.MatrixBytes(Type, Rows, Columns) : Stride * Rows;

    /// <summary>The matrix as the kernels read it.</summary>
    /// <param name="payload">Where the piece's payload begins; null for the matrix's shape alone.</param>
    internal unsafe WeightMatrix View(byte* payload)
    {
        byte* data = payload is null ? null : payload + Offset;
        return InPanels ? WeightMatrix.OfPanels(data, Type, Rows, Columns) : new WeightMatrix(data, Type, Rows, Columns, Stride);
    }
}
