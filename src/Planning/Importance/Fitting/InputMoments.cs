using System.Numerics.Tensors;

namespace Halo.Planning.Importance.Fitting;

/// <summary>Sums over samples of an input x and of its products x x', in double precision: all that a linear fit needs of the inputs.</summary>
public sealed class InputMoments
{
    private readonly double[] _sum;      // (size)
    private readonly double[] _products; // (size, size), from the diagonal to the right

    /// <param name="size">Elements of an input.</param>
    public InputMoments(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Size = size;
        _sum = new double[size];
        _products = new double[checked(size * size)];
    }

    /// <summary>Elements of an input.</summary>
    public int Size { get; }

    /// <summary>Samples so far.</summary>
    public long Count { get; private set; }

    /// <summary>Adds samples.</summary>
    /// <param name="inputs">Row-major (samples, size).</param>
    public void Add(ReadOnlySpan<double> inputs)
    {
        int samples = inputs.Length / Size;
        for (int i = 0; i < Size; i++)
        {
            Span<double> row = _products.AsSpan((i * Size) + i, Size - i);
            for (int t = 0; t < samples; t++)
            {
                double value = inputs[(t * Size) + i];
                _sum[i] += value;
                TensorPrimitives.MultiplyAdd(inputs.Slice((t * Size) + i, Size - i), value, row, row);
            }
        }

        Count += samples;
    }

    /// <summary>Mean of element i.</summary>
    public double Mean(int i) => _sum[i] / Count;

    /// <summary>Mean of the product of elements i and j.</summary>
    public double MeanProduct(int i, int j) => _products[i <= j ? (i * Size) + j : (j * Size) + i] / Count;

    /// <summary>Covariance of elements i and j, divided by the number of samples.</summary>
    public double Covariance(int i, int j) => MeanProduct(i, j) - (Mean(i) * Mean(j));

    /// <summary>Writes the sums, so that <see cref="Load"/> goes on with exactly the same ones.</summary>
    public void Save(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(Count);
        StoredSums.Save(writer, _sum);
        StoredSums.Save(writer, _products);
    }

    /// <summary>Takes sums that were written for the same size.</summary>
    /// <exception cref="EndOfStreamException">They are cut off.</exception>
    public void Load(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        Count = reader.ReadInt64();
        StoredSums.Load(reader, _sum);
        StoredSums.Load(reader, _products);
    }
}
