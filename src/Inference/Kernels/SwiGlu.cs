using System.Numerics.Tensors;

namespace Halo.Inference.Kernels;

/// <summary>The gated activation of the feed-forward block: y[i] = silu(gate[i]) * up[i], silu(g) = g / (1 + exp(-g)).</summary>
public static class SwiGlu
{
    /// <summary>Applies it to one row.</summary>
    /// <param name="gate">(neurons).</param>
    /// <param name="up">(neurons).</param>
    /// <param name="y">(neurons), written; apart from both inputs, as it holds the sigmoid on the way.</param>
    public static void Apply(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        ShapeCheck.Length(gate.Length, up.Length, nameof(up));
        ShapeCheck.Length(gate.Length, y.Length, nameof(y));
        if (y.Overlaps(gate) || y.Overlaps(up))
        {
            throw new ArgumentException("The result overlaps an input.", nameof(y));
        }

        TensorPrimitives.Sigmoid(gate, y);
        TensorPrimitives.Multiply(y, gate, y);
        TensorPrimitives.Multiply(y, up, y);
    }
}
