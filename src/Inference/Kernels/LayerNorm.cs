using System.Numerics.Tensors;

namespace Halo.Inference.Kernels;

/// <summary>Layer normalisation: y[i] = (x[i] - mean of x) / sqrt(variance of x + epsilon) * weight[i] + bias[i].</summary>
public static class LayerNorm
{
    /// <summary>Normalises one row.</summary>
    /// <param name="x">(hiddenSize).</param>
    /// <param name="weight">(hiddenSize), learned gain.</param>
    /// <param name="bias">(hiddenSize).</param>
    /// <param name="epsilon">Keeps a row of equal elements finite.</param>
    /// <param name="y">(hiddenSize), written; may be <paramref name="x"/> itself.</param>
    public static void Apply(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, float epsilon, Span<float> y)
    {
        ShapeCheck.Length(x.Length, weight.Length, nameof(weight));
        ShapeCheck.Length(x.Length, bias.Length, nameof(bias));
        ShapeCheck.Length(x.Length, y.Length, nameof(y));
        if (x.IsEmpty)
        {
            return;
        }

        // The variance of what is left after the mean is gone: the difference of two large sums would lose it.
        TensorPrimitives.Subtract(x, VectorLoops.Sum(x) / x.Length, y);
        float scale = 1f / MathF.Sqrt((VectorLoops.SumOfSquares(y) / y.Length) + epsilon);
        TensorPrimitives.Multiply(y, scale, y);
        TensorPrimitives.MultiplyAdd(y, weight, bias, y);
    }
}
