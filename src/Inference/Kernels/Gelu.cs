using System.Numerics.Tensors;

namespace Halo.Inference.Kernels;

/// <summary>
/// The ungated activation of GPT-2, in its form with tanh: y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))), which is
/// x * sigmoid(2 sqrt(2 / pi) * (x + 0.044715 x³)).
/// </summary>
public static class Gelu
{
    private const float Linear = 1.5957691216057308f; // 2 sqrt(2 / pi)
    private const float Cubic = 0.044715f * Linear;

    /// <summary>Applies it to one row.</summary>
    /// <param name="x">(neurons).</param>
    /// <param name="y">(neurons), written; apart from <paramref name="x"/>.</param>
    public static void Apply(ReadOnlySpan<float> x, Span<float> y)
    {
        ShapeCheck.Length(x.Length, y.Length, nameof(y));
        if (y.Overlaps(x))
        {
            throw new ArgumentException("The result overlaps the input.", nameof(y));
        }

        TensorPrimitives.Multiply(x, x, y);
        TensorPrimitives.Multiply(y, Cubic, y);
        TensorPrimitives.Add(y, Linear, y);
        TensorPrimitives.Multiply(y, x, y);
        TensorPrimitives.Sigmoid(y, y);
        TensorPrimitives.Multiply(y, x, y);
    }
}
