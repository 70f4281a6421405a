using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Halo.Inference.Kernels;

/// <summary>The two passes of one attention head over its key-value cache.</summary>
/// <remarks>A position's part does not depend on how many follow it, so a prompt may be processed in pieces of any size.</remarks>
public static unsafe class AttentionKernel
{
    /// <summary>scores[j] = scale * (sum over d of query[d] * keys[j, d]) for j below <paramref name="count"/>.</summary>
    /// <param name="query">(headDim).</param>
    /// <param name="keys">(count, keyStride), f32; headDim columns are read of each row.</param>
    /// <param name="keyStride">Elements from position to position.</param>
    /// <param name="count">Cached positions.</param>
    /// <param name="scale">1 / sqrt(headDim).</param>
    /// <param name="scores">At least <paramref name="count"/>, the first of which are written.</param>
    public static void Scores(
        ReadOnlySpan<float> query, float* keys, int keyStride, int count, float scale, Span<float> scores)
    {
        if (count < 0 || count > scores.Length || (count > 1 && keyStride < query.Length))
        {
            ThrowShape(count, scores.Length, keyStride, query.Length);
        }

        fixed (float* q = query)
        {
            for (int j = 0; j < count; j++)
            {
                scores[j] = scale * VectorLoops.Dot(q, keys + ((long)j * keyStride), query.Length);
            }
        }
    }

    /// <summary>output[d] += sum over j of weights[j] * values[j, d], j in rising order.</summary>
    /// <param name="weights">(positions), the softmax of the scores.</param>
    /// <param name="values">(positions, valueStride), f32; <paramref name="headDim"/> columns are read of each row.</param>
    /// <param name="valueStride">Elements from position to position.</param>
    /// <param name="headDim">Columns.</param>
    /// <param name="output">(headDim), added to.</param>
    public static void Accumulate(
        ReadOnlySpan<float> weights, float* values, int valueStride, int headDim, Span<float> output)
    {
        ShapeCheck.Length(headDim, output.Length, nameof(output));
        if (weights.Length > 1 && valueStride < headDim)
        {
            ThrowShape(weights.Length, weights.Length, valueStride, headDim);
        }

        fixed (float* p = weights)
        fixed (float* sums = output)
        {
            AccumulateCore(p, weights.Length, values, valueStride, headDim, sums);
        }
    }

    // Four vectors of columns at a time stay in registers over all positions; each column is one chain of additions, whatever its group.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AccumulateCore(float* p, int count, float* values, int valueStride, int headDim, float* sums)
    {
        int lanes = Vector<float>.Count;
        int d = 0;
        for (; d + (4 * lanes) <= headDim; d += 4 * lanes)
        {
            Vector<float> a = Vector.Load(sums + d);
            Vector<float> b = Vector.Load(sums + d + lanes);
            Vector<float> c = Vector.Load(sums + d + (2 * lanes));
            Vector<float> e = Vector.Load(sums + d + (3 * lanes));
            float* v = values + d;
            for (int j = 0; j < count; j++)
            {
                Vector<float> weight = Vector.Create(p[j]);
                a = Vector.MultiplyAddEstimate(weight, Vector.Load(v), a);
                b = Vector.MultiplyAddEstimate(weight, Vector.Load(v + lanes), b);
                c = Vector.MultiplyAddEstimate(weight, Vector.Load(v + (2 * lanes)), c);
                e = Vector.MultiplyAddEstimate(weight, Vector.Load(v + (3 * lanes)), e);
                v += valueStride;
            }

            a.Store(sums + d);
            b.Store(sums + d + lanes);
            c.Store(sums + d + (2 * lanes));
            e.Store(sums + d + (3 * lanes));
        }

        for (; d + lanes <= headDim; d += lanes)
        {
            Vector<float> a = Vector.Load(sums + d);
            for (int j = 0; j < count; j++)
            {
                a = Vector.MultiplyAddEstimate(Vector.Create(p[j]), Vector.Load(values + ((long)j * valueStride) + d), a);
            }

            a.Store(sums + d);
        }

        for (; d < headDim; d++)
        {
            float sum = sums[d];
            for (int j = 0; j < count; j++)
            {
                sum += p[j] * values[((long)j * valueStride) + d];
            }

            sums[d] = sum;
        }
    }

    [DoesNotReturn]
    private static void ThrowShape(int count, int available, int stride, int headDim) =>
        throw new ArgumentException(
            $"{count} positions with a stride of {stride} do not fit: room for {available}, heads of {headDim}.");
}
