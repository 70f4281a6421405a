using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>Storage types of one layer's matrices; mixed files give layers different ones. Matrices that lie in one tensor have its type.</summary>
/// <param name="Query">Query projection.</param>
/// <param name="Key">Key projection.</param>
/// <param name="Value">Value projection.</param>
/// <param name="Output">Output projection of the attention.</param>
/// <param name="Gate">Gate of the feed-forward; null where the model has none.</param>
/// <param name="Up">Up projection of the feed-forward.</param>
/// <param name="Down">Down projection of the feed-forward.</param>
public sealed record LayerTypes(
    TensorType Query,
    TensorType Key,
    TensorType Value,
    TensorType Output,
    TensorType? Gate,
    TensorType Up,
    TensorType Down)
{
    /// <summary>Bytes of a row of the gate, of so many columns; 0 where there is none.</summary>
    public long GateBytes(int columns) => Gate is { } type ? TensorTypes.RowBytes(type, columns) : 0;
}
