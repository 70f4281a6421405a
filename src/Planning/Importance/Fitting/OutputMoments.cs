using System.Numerics.Tensors;

namespace Halo.Planning.Importance.Fitting;

/// <summary>Sums over samples of an output y and of its products with an input, x y', in double precision.</summary>
public sealed class OutputMoments
{
    private readonly double[] _sum;      // (outputSize)
    private readonly double[] _products; // (inputSize, outputSize)

    /// <param name="inputSize">Elements of an input.</param>
    /// <param name="outputSize">Elements of an output.</param>
    public OutputMoments(int inputSize, int outputSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(outputSize, 1);
        InputSize = inputSize;
        OutputSize = outputSize;
        _sum = new double[outputSize];
        _products = new double[checked(inputSize * outputSize)];
    }

    /// <summary>Elements of an input.</summary>
    public int InputSize { get; }

    /// <summary>Elements of an output.</summary>
    public int OutputSize { get; }

    /// <summary>Samples so far.</summary>
    public long Count { get; private set; }

    /// <summary>Adds samples.</summary>
    /// <param name="inputs">Row-major (samples, inputSize).</param>
    /// <param name="outputs">Row-major (samples, outputSize).</param>
    public void Add(ReadOnlySpan<double> inputs, ReadOnlySpan<double> outputs)
    {
        int samples = inputs.Length / InputSize;
        for (int i = 0; i < InputSize; i++)
        {
            Span<double> row = _products.AsSpan(i * OutputSize, OutputSize);
            for (int t = 0; t < samples; t++)
            {
                TensorPrimitives.MultiplyAdd(outputs.Slice(t * OutputSize, OutputSize), inputs[(t * InputSize) + i], row, row);
            }
        }

        for (int t = 0; t < samples; t++)
        {
            TensorPrimitives.Add(_sum, outputs.Slice(t * OutputSize, OutputSize), _sum);
        }

        Count += samples;
    }

    /// <summary>Mean of output k.</summary>
    public double Mean(int k) => _sum[k] / Count;

    /// <summary>Covariance of input i and output k, divided by the number of samples.</summary>
    public double Covariance(InputMoments inputs, int i, int k) =>
        (_products[(i * OutputSize) + k] / Count) - ((inputs ?? throw new ArgumentNullException(nameof(inputs))).Mean(i) * Mean(k));

    /// <summary>Writes the sums, so that <see cref="Load"/> goes on with exactly the same ones.</summary>
    public void Save(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(Count);
        StoredSums.Save(writer, _sum);
        StoredSums.Save(writer, _products);
    }

    /// <summary>Takes sums that were written for the same sizes.</summary>
    /// <exception cref="EndOfStreamException">They are cut off.</exception>
    public void Load(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        Count = reader.ReadInt64();
        StoredSums.Load(reader, _sum);
        StoredSums.Load(reader, _products);
    }
}
