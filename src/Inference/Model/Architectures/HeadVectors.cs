using System.Numerics.Tensors;
using Halo.Inference.Kernels;

namespace Halo.Inference.Model.Architectures;

/// <summary>What some head groups do to their queries, keys and values before these turn: biases, then a norm of each head. Empty is none.</summary>
/// <param name="HeadDim">Elements of a head.</param>
/// <param name="Epsilon">Of the norms.</param>
/// <param name="QueryBias">(query heads * headDim).</param>
/// <param name="KeyBias">(KV heads * headDim).</param>
/// <param name="ValueBias">(KV heads * headDim).</param>
/// <param name="QueryNorm">(headDim), the same for all heads.</param>
/// <param name="KeyNorm">(headDim), the same for all heads.</param>
internal sealed record HeadVectors(
    int HeadDim, float Epsilon, float[] QueryBias, float[] KeyBias, float[] ValueBias, float[] QueryNorm, float[] KeyNorm)
{
    /// <summary>Changes one row's queries, keys and values in place.</summary>
    internal void Apply(Span<float> queries, Span<float> keys, Span<float> values)
    {
        Add(queries, QueryBias);
        Add(keys, KeyBias);
        Add(values, ValueBias);
        Normalize(queries, QueryNorm);
        Normalize(keys, KeyNorm);
    }

    private static void Add(Span<float> row, float[] bias)
    {
        if (bias.Length > 0)
        {
            TensorPrimitives.Add(row, bias, row);
        }
    }

    private void Normalize(Span<float> row, float[] gain)
    {
        for (int start = 0; gain.Length > 0 && start < row.Length; start += HeadDim)
        {
            Span<float> head = row.Slice(start, HeadDim);
            RmsNorm.Apply(head, gain, Epsilon, head);
        }
    }
}
