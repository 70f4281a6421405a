using System.Numerics.Tensors;

namespace Halo.Inference.Kernels;

/// <summary>Root-mean-square normalisation: y[i] = x[i] / sqrt(mean of x² + epsilon) * weight[i].</summary>
public static class RmsNorm
{
    /// <summary>Normalises one row.</summary>
    /// <param name="x">(hiddenSize).</param>
    /// <param name="weight">(hiddenSize), learned gain.</param>
    /// <param name="epsilon">Keeps a zero row finite; 1e-5 or 1e-6 in LLaMA models.</param>
    /// <param name="y">(hiddenSize), written; may be <paramref name="x"/> itself.</param>
    public static void Apply(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        ShapeCheck.Length(x.Length, weight.Length, nameof(weight));
        ShapeCheck.Length(x.Length, y.Length, nameof(y));
        if (x.IsEmpty)
        {
            return;
        }

        float scale = 1f / MathF.Sqrt((VectorLoops.SumOfSquares(x) / x.Length) + epsilon);
        TensorPrimitives.Multiply(x, scale, y);
        TensorPrimitives.Multiply(y, weight, y);
    }
}
