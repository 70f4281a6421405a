using Halo.Inference.Quantization;

namespace Halo.Inference.Model.Pieces;

/// <summary>Where a matrix lies in a piece; rows follow each other without gaps.</summary>
/// <param name="Type">Storage type.</param>
/// <param name="Rows">Outputs.</param>
/// <param name="Columns">Inputs, whole blocks.</param>
/// <param name="OwnColumn">Where the piece's own columns start; above 0 where a covering block begins before them.</param>
/// <param name="Offset">First byte, counted from the start of the payload; a multiple of 64.</param>
internal readonly record struct PieceMatrix(TensorType Type, int Rows, int Columns, int OwnColumn, long Offset)
{
    /// <summary>Bytes from row to row.</summary>
    internal long Stride => TensorTypes.RowBytes(Type, Columns);

    internal long ByteCount => Stride * Rows;
}
