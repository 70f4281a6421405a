using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;
using Halo.Planning.Importance;
using Halo.Planning.Importance.Fitting;

namespace Halo.Cli.Calibrate;

/// <summary>
/// Fits stand-ins for the groups' parts. A part is <c>y_g = W[:, g] h_g</c>, so a fit of h_g is one of y_g as well, and its rank is reduced in the
/// space of y_g: with <c>W[:, g]' W[:, g] = L L'</c> the coordinates <c>L' h_g</c> have the lengths and angles of y_g.
/// </summary>
internal static class SurrogateFit
{
    /// <param name="parts">The stage's groups.</param>
    /// <param name="hidden">The fit of h by the stage's input.</param>
    /// <param name="inputs">The sums that it was made from.</param>
    /// <param name="rank">Rank wanted; less where a group or the input has fewer elements.</param>
    /// <param name="hiddenSize">Elements of the residual stream.</param>
    internal static GroupSurrogate[] Fit(GroupParts parts, LinearFit hidden, InputMoments inputs, int rank, int hiddenSize)
    {
        int least = Enumerable.Range(0, parts.GroupCount).Min(group => parts.Elements(group).Count);
        rank = Math.Min(rank, Math.Min(least, hiddenSize));
        return [.. Enumerable.Range(0, parts.GroupCount).Select(group => FitGroup(parts, group, hidden, inputs, rank, hiddenSize))];
    }

    private static GroupSurrogate FitGroup(GroupParts parts, int group, LinearFit hidden, InputMoments inputs, int rank, int hiddenSize)
    {
        (int first, int count) = parts.Elements(group);
        double[] factor = Factor(parts, first, count);
        double[] rotated = new double[count * hiddenSize]; // L' W
        for (int i = 0; i < count; i++)
        {
            for (int k = i; k < count; k++)
            {
                Span<double> row = rotated.AsSpan(i * hiddenSize, hiddenSize);
                TensorPrimitives.MultiplyAdd(hidden.Weights.AsSpan((first + k) * hiddenSize, hiddenSize), factor[(k * count) + i], row, row);
            }
        }

        (double[] inner, double[] directions) = new LinearFit(hiddenSize, rotated, new double[count]).Reduce(inputs, rank);
        float[] outer = new float[rank * hiddenSize];
        float[] offset = new float[hiddenSize];
        for (int r = 0; r < rank; r++)
        {
            AddColumns(parts, first, SolveTransposed(factor, [.. Enumerable.Range(0, count).Select(i => directions[(i * rank) + r])]), outer.AsSpan(r * hiddenSize, hiddenSize));
        }

        AddOffset(parts, first, count, hidden, inputs, offset);
        RemoveMean(inner, outer, inputs, offset);
        return new GroupSurrogate(Array.ConvertAll(inner, value => (float)value), outer, offset);
    }

    // c = mean(y_g): what the fit gives for the mean input. U V mean(x) is taken off after.
    private static void AddOffset(GroupParts parts, int first, int count, LinearFit hidden, InputMoments inputs, Span<float> offset)
    {
        double[] mean = new double[count];
        for (int k = 0; k < count; k++)
        {
            mean[k] = hidden.Bias[first + k];
            for (int i = 0; i < hidden.InputSize; i++)
            {
                mean[k] += hidden.Weights[((first + k) * hidden.InputSize) + i] * inputs.Mean(i);
            }
        }

        AddColumns(parts, first, mean, offset);
    }

    private static void RemoveMean(double[] inner, float[] outer, InputMoments inputs, Span<float> offset)
    {
        int size = inputs.Size;
        for (int r = 0; r < inner.Length / size; r++)
        {
            double weight = 0;
            for (int i = 0; i < size; i++)
            {
                weight += inner[(r * size) + i] * inputs.Mean(i);
            }

            TensorPrimitives.MultiplyAdd(outer.AsSpan(r * size, size), (float)-weight, offset, offset);
        }
    }

    private static void AddColumns(GroupParts parts, int first, double[] weights, Span<float> sum)
    {
        for (int j = 0; j < weights.Length; j++)
        {
            TensorPrimitives.MultiplyAdd(parts.Column(first + j), (float)weights[j], sum, sum);
        }
    }

    // Lower triangular L with W' W + a little = L L'; columns that repeat each other would have no factor without the little.
    private static double[] Factor(GroupParts parts, int first, int count)
    {
        double[] a = new double[count * count];
        double little = 1e-12;
        for (int i = 0; i < count; i++)
        {
            little += 1e-6 * TensorPrimitives.Dot(parts.Column(first + i), parts.Column(first + i)) / count;
        }

        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double rest = TensorPrimitives.Dot(parts.Column(first + i), parts.Column(first + j)) + (i == j ? little : 0)
                    - TensorPrimitives.Dot<double>(a.AsSpan(i * count, j), a.AsSpan(j * count, j));
                a[(i * count) + j] = i == j ? Math.Sqrt(Math.Max(rest, 1e-15)) : rest / a[(j * count) + j];
            }
        }

        return a;
    }

    // x with L' x = b
    private static double[] SolveTransposed(double[] factor, double[] b)
    {
        int count = b.Length;
        for (int i = count - 1; i >= 0; i--)
        {
            b[i] /= factor[(i * count) + i];
            for (int j = 0; j < i; j++)
            {
                b[j] -= factor[(i * count) + j] * b[i];
            }
        }

        return b;
    }
}
