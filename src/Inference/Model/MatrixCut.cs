using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>Which part of a tensor belongs to a shard. Either all columns or all rows are in it.</summary>
/// <param name="Tensor">The tensor's name within its layer, as in the model file: <c>attn_q</c>; <c>output</c> for the LM head.</param>
/// <param name="Type">Its type.</param>
/// <param name="FirstRow">First row.</param>
/// <param name="Rows">Rows.</param>
/// <param name="FirstColumn">First column, on the edge of a quantisation block.</param>
/// <param name="Columns">Columns, whole blocks: as many as cover the shard's own.</param>
/// <param name="OwnColumn">Where the shard's own columns start, counted from <paramref name="FirstColumn"/>.</param>
internal readonly record struct MatrixCut(string Tensor, TensorType Type, int FirstRow, int Rows, int FirstColumn, int Columns, int OwnColumn);
