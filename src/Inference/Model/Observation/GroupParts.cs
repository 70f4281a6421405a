using System.Numerics.Tensors;
using Halo.Inference.Gguf;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model.Observation;

/// <summary>
/// The parts that the groups of one stage add to its output: <c>y_g = W[:, g] h_g</c>, W the stage's last matrix (down or output projection) and h
/// what it multiplies. W is kept in f32; where a model is quantised its kernels round h to 8 bits and this does not.
/// </summary>
public sealed class GroupParts
{
    private readonly float[] _columns;  // (width, hiddenSize): W by columns
    private readonly float[][] _grams;  // of each group (count, count): W[:, g]' W[:, g]
    private readonly float[] _norms;    // (width): ||W[:, j]||
    private readonly int _hiddenSize;
    private readonly int _groupWidth;

    private GroupParts(float[] columns, int hiddenSize, int groupWidth)
    {
        _columns = columns;
        _hiddenSize = hiddenSize;
        _groupWidth = groupWidth;
        Width = columns.Length / hiddenSize;
        GroupCount = (Width + groupWidth - 1) / groupWidth;
        _norms = new float[Width];
        for (int j = 0; j < Width; j++)
        {
            _norms[j] = TensorPrimitives.Norm(Column(j));
        }

        _grams = [.. Enumerable.Range(0, GroupCount).Select(Gram)];
    }

    /// <summary>Elements of h.</summary>
    public int Width { get; }

    /// <summary>Groups of the stage.</summary>
    public int GroupCount { get; }

    /// <summary><c>||W[:, j]||</c> of each element of h.</summary>
    public ReadOnlySpan<float> ColumnNorms => _norms;

    /// <summary>Reads a stage's last matrix.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="kind">Attention or feed-forward.</param>
    /// <param name="layer">The layer.</param>
    public static GroupParts Read(ModelWeights weights, PieceKind kind, int layer)
    {
        ArgumentNullException.ThrowIfNull(weights);
        (string name, int groupWidth) = kind switch
        {
            PieceKind.Attention => ("attn_output", weights.Config.GroupWidth),
            PieceKind.FeedForward => ("ffn_down", weights.Layout.NeuronGroupSize),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
        GgufTensorInfo info = weights.File.RequireTensor($"blk.{layer}.{name}.weight");
        (int rows, int width) = ((int)info.Rows, (int)info.Columns);
        float[] columns = new float[checked(rows * width)];
        float[] row = new float[width];
        for (int i = 0; i < rows; i++)
        {
            BlockCodec.Dequantize(info.Type, weights.File.Row(info, i), row);
            for (int j = 0; j < width; j++)
            {
                columns[(j * rows) + i] = row[j];
            }
        }

        return new GroupParts(columns, rows, groupWidth);
    }

    /// <summary>The parts that the same matrix would have with its columns in another order; h must then be given in that order.</summary>
    /// <param name="order">For each new place the old column; every column once.</param>
    public GroupParts Reordered(IReadOnlyList<int> order)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentOutOfRangeException.ThrowIfNotEqual(order.Count, Width, nameof(order));
        float[] columns = new float[_columns.Length];
        for (int j = 0; j < Width; j++)
        {
            Column(order[j]).CopyTo(columns.AsSpan(j * _hiddenSize, _hiddenSize));
        }

        return new GroupParts(columns, _hiddenSize, _groupWidth);
    }

    /// <summary>The elements of h that belong to a group.</summary>
    public (int First, int Count) Elements(int group)
    {
        int first = group * _groupWidth;
        return (first, Math.Min(Width, first + _groupWidth) - first);
    }

    /// <summary>Column j of W: what one unit of element j adds to the output, hiddenSize floats.</summary>
    public ReadOnlySpan<float> Column(int j) => _columns.AsSpan(j * _hiddenSize, _hiddenSize);

    /// <summary>The size of each group's part, <c>||y_g||</c>, without computing the parts.</summary>
    /// <param name="hidden">h (width).</param>
    /// <param name="norms">(groups), written.</param>
    public void Norms(ReadOnlySpan<float> hidden, Span<float> norms)
    {
        for (int group = 0; group < GroupCount; group++)
        {
            (int first, int count) = Elements(group);
            ReadOnlySpan<float> own = hidden.Slice(first, count);
            double square = 0;
            for (int i = 0; i < count; i++)
            {
                square += (double)own[i] * TensorPrimitives.Dot(_grams[group].AsSpan(i * count, count), own);
            }

            norms[group] = (float)Math.Sqrt(Math.Max(0, square)); // rounding may take it below 0
        }
    }

    /// <summary>Adds a group's part, times a factor, to a sum.</summary>
    /// <param name="group">The group.</param>
    /// <param name="hidden">h (width).</param>
    /// <param name="factor">1 adds the part, -1 takes it away.</param>
    /// <param name="sum">(hiddenSize), added to.</param>
    public void AddPart(int group, ReadOnlySpan<float> hidden, float factor, Span<float> sum)
    {
        (int first, int count) = Elements(group);
        for (int j = first; j < first + count; j++)
        {
            TensorPrimitives.MultiplyAdd(Column(j), hidden[j] * factor, sum, sum);
        }
    }

    private float[] Gram(int group)
    {
        (int first, int count) = Elements(group);
        float[] gram = new float[count * count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                gram[(i * count) + j] = TensorPrimitives.Dot(Column(first + i), Column(first + j));
            }
        }

        return gram;
    }
}
