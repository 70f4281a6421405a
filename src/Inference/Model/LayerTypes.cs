using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>Storage types of one layer's matrices; mixed files give layers different ones.</summary>
/// <param name="Query">Query projection.</param>
/// <param name="Key">Key projection.</param>
/// <param name="Value">Value projection.</param>
/// <param name="Output">Output projection of the attention.</param>
/// <param name="Gate">Gate of the feed-forward.</param>
/// <param name="Up">Up projection of the feed-forward.</param>
/// <param name="Down">Down projection of the feed-forward.</param>
public sealed record LayerTypes(
    TensorType Query,
    TensorType Key,
    TensorType Value,
    TensorType Output,
    TensorType Gate,
    TensorType Up,
    TensorType Down);
