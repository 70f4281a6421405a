using System.Numerics.Tensors;

namespace Halo.Planning.Importance.Fitting;

/// <summary>
/// Ridge regression in closed form, with an intercept that is not shrunk: <c>W = (C_xx + lambda I)^-1 C_xy</c> with lambda a share of the inputs' mean
/// variance. The inputs' side is factored once and serves any number of fits.
/// </summary>
public sealed class RidgeRegression
{
    private readonly InputMoments _inputs;
    private readonly double[] _factor; // (size, size), lower triangle: the Cholesky factor of C_xx + lambda I

    /// <param name="inputs">The inputs' sums; at least one sample.</param>
    /// <param name="ridge">Lambda as a share of the inputs' mean variance; above 0.</param>
    /// <exception cref="ArgumentException">There are no samples, or they are not finite numbers.</exception>
    public RidgeRegression(InputMoments inputs, double ridge)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ridge, 0);
        if (inputs.Count == 0)
        {
            throw new ArgumentException("A fit needs at least one sample.", nameof(inputs));
        }

        int size = inputs.Size;
        double variance = 0;
        for (int i = 0; i < size; i++)
        {
            variance += inputs.Covariance(i, i) / size;
        }

        double[] matrix = new double[size * size];
        double lambda = ridge * Math.Max(variance, 1e-12); // inputs that never change have no variance
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                matrix[(i * size) + j] = inputs.Covariance(i, j) + (i == j ? lambda : 0);
            }
        }

        _inputs = inputs;
        _factor = matrix;
        Factor(matrix, size);
    }

    /// <summary>Fits outputs that were summed over the same samples.</summary>
    public LinearFit Fit(OutputMoments outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        int size = _inputs.Size;
        if (outputs.InputSize != size || outputs.Count != _inputs.Count)
        {
            throw new ArgumentException(
                $"The outputs were summed with {outputs.Count} inputs of {outputs.InputSize} elements, the inputs with {_inputs.Count} of {size}.");
        }

        double[] weights = new double[outputs.OutputSize * size];
        double[] bias = new double[outputs.OutputSize];
        for (int k = 0; k < outputs.OutputSize; k++)
        {
            Span<double> row = weights.AsSpan(k * size, size);
            for (int i = 0; i < size; i++)
            {
                row[i] = outputs.Covariance(_inputs, i, k);
            }

            Solve(row);
            bias[k] = outputs.Mean(k);
            for (int i = 0; i < size; i++)
            {
                bias[k] -= row[i] * _inputs.Mean(i);
            }
        }

        return new LinearFit(size, weights, bias);
    }

    // A = L L', in place, row by row.
    private static void Factor(double[] a, int size)
    {
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double rest = a[(i * size) + j] - TensorPrimitives.Dot<double>(a.AsSpan(i * size, j), a.AsSpan(j * size, j));
                if (i > j)
                {
                    a[(i * size) + j] = rest / a[(j * size) + j];
                }
                else if (rest > 0)
                {
                    a[(i * size) + i] = Math.Sqrt(rest);
                }
                else
                {
                    throw new ArgumentException("The inputs are not finite, or so dependent that no fit holds; use a larger ridge.");
                }
            }
        }
    }

    private void Solve(Span<double> x)
    {
        int size = x.Length;
        for (int i = 0; i < size; i++)
        {
            x[i] = (x[i] - TensorPrimitives.Dot<double>(_factor.AsSpan(i * size, i), x[..i])) / _factor[(i * size) + i];
        }

        for (int i = size - 1; i >= 0; i--)
        {
            x[i] /= _factor[(i * size) + i];
            TensorPrimitives.MultiplyAdd(_factor.AsSpan(i * size, i), -x[i], x[..i], x[..i]);
        }
    }
}
