using System.Numerics.Tensors;

namespace Halo.Inference.Kernels;

/// <summary>p[i] = exp(x[i] - max x) / sum over j of exp(x[j] - max x).</summary>
public static class Softmax
{
    /// <summary>Turns logits into probabilities in place.</summary>
    /// <remarks>
    /// The maximum is subtracted, so that large logits do not overflow (the one of the tensor library does not, and gives NaN). A logit
    /// of minus infinity becomes 0. NaN, plus infinity, or nothing but minus infinity make the whole row NaN, which is left to show.
    /// </remarks>
    /// <param name="x">Logits in, probabilities out; may be empty.</param>
    public static void InPlace(Span<float> x)
    {
        if (x.IsEmpty)
        {
            return;
        }

        TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), x);
        TensorPrimitives.Exp(x, x);
        TensorPrimitives.Multiply(x, 1f / VectorLoops.Sum(x), x); // the sum is at least 1: the maximum's own share
    }
}
