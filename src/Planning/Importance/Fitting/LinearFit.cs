using System.Numerics.Tensors;

namespace Halo.Planning.Importance.Fitting;

/// <summary>A fitted map <c>y = W x + b</c>.</summary>
/// <param name="InputSize">Elements of an input.</param>
/// <param name="Weights">Row-major (outputs, inputSize).</param>
/// <param name="Bias">(outputs).</param>
public sealed record LinearFit(int InputSize, double[] Weights, double[] Bias)
{
    /// <summary>Elements of an output.</summary>
    public int OutputSize => Bias.Length;

    /// <summary>
    /// Reduces the rank with the least loss of the fitted outputs' variance (reduced-rank regression): the outputs are projected on the leading
    /// eigenvectors of their covariance <c>W C_xx W'</c>.
    /// </summary>
    /// <param name="inputs">The sums that the fit was made from.</param>
    /// <param name="rank">Directions to keep, 1 to the outputs.</param>
    /// <returns>Inner (rank, inputSize) and outer (outputs, rank) with <c>W ~ outer inner</c>.</returns>
    public (double[] Inner, double[] Outer) Reduce(InputMoments inputs, int rank)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rank, OutputSize);
        double[] directions = SymmetricEigen.LeadingVectors(FittedCovariance(inputs), OutputSize, rank); // (rank, outputs)
        double[] inner = new double[rank * InputSize];
        double[] outer = new double[OutputSize * rank];
        for (int r = 0; r < rank; r++)
        {
            Span<double> row = inner.AsSpan(r * InputSize, InputSize);
            for (int k = 0; k < OutputSize; k++)
            {
                double part = directions[(r * OutputSize) + k];
                outer[(k * rank) + r] = part;
                TensorPrimitives.MultiplyAdd(Weights.AsSpan(k * InputSize, InputSize), part, row, row);
            }
        }

        return (inner, outer);
    }

    /// <summary>The fit as a predictor of groups.</summary>
    /// <param name="inputs">The sums that the fit was made from.</param>
    /// <param name="rank">Rank to keep; from the number of outputs on, the map is kept whole.</param>
    public GroupPredictor ToPredictor(InputMoments inputs, int rank)
    {
        float[] bias = ToFloats(Bias);
        if (rank >= OutputSize)
        {
            return new GroupPredictor(InputSize, ToFloats(Weights), [], bias);
        }

        (double[] inner, double[] outer) = Reduce(inputs, rank);

        // The mean of a fit is kept: what the projection takes from W it takes from the intercept too.
        for (int k = 0; k < OutputSize; k++)
        {
            double shift = 0;
            for (int i = 0; i < InputSize; i++)
            {
                double kept = 0;
                for (int r = 0; r < rank; r++)
                {
                    kept += outer[(k * rank) + r] * inner[(r * InputSize) + i];
                }

                shift += (Weights[(k * InputSize) + i] - kept) * inputs.Mean(i);
            }

            bias[k] = (float)(Bias[k] + shift);
        }

        return new GroupPredictor(InputSize, ToFloats(inner), ToFloats(outer), bias);
    }

    private static float[] ToFloats(double[] numbers) => Array.ConvertAll(numbers, number => (float)number);

    // W C W', (outputs, outputs)
    private double[] FittedCovariance(InputMoments inputs)
    {
        double[] column = new double[InputSize];
        double[] half = new double[OutputSize * InputSize]; // W C
        for (int i = 0; i < InputSize; i++)
        {
            for (int j = 0; j < InputSize; j++)
            {
                column[j] = inputs.Covariance(j, i);
            }

            for (int k = 0; k < OutputSize; k++)
            {
                half[(k * InputSize) + i] = TensorPrimitives.Dot<double>(Weights.AsSpan(k * InputSize, InputSize), column);
            }
        }

        double[] covariance = new double[OutputSize * OutputSize];
        for (int k = 0; k < OutputSize; k++)
        {
            for (int other = 0; other < OutputSize; other++)
            {
                covariance[(k * OutputSize) + other] = TensorPrimitives.Dot<double>(
                    half.AsSpan(k * InputSize, InputSize), Weights.AsSpan(other * InputSize, InputSize));
            }
        }

        return covariance;
    }
}
