using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Halo.Planning.Importance;

/// <summary>
/// Guesses how important each group of a stage will be for a token before any of them is computed: a linear map from an input to the logarithm of
/// <c>||y_g|| / ||y||</c>. <c>score = W x + b</c>, with W whole, or of low rank as <c>U (V x) + b</c>.
/// </summary>
/// <remarks>
/// Machines with vectors of another width add in another order: their scores differ in the last bits, so that two groups with nearly the same score
/// may change places. What all boards must agree on is decided by one of them.
/// </remarks>
public sealed class GroupPredictor
{
    /// <summary>Largest rank of a map that is kept as two factors.</summary>
    public const int MostRank = 1024;

    private readonly float[] _inner; // (rank, inputSize): W itself where the rank is full, else V
    private readonly float[] _outer; // (groups, rank): U; empty where the rank is full
    private readonly float[] _bias;  // (groups)

    /// <param name="inputSize">Elements of the input.</param>
    /// <param name="inner">Row-major (rank, inputSize).</param>
    /// <param name="outer">Row-major (groups, rank); empty where <paramref name="inner"/> has a row for each group and is the whole map.</param>
    /// <param name="bias">(groups).</param>
    /// <exception cref="ArgumentException">The sizes do not fit each other, or a number is not finite.</exception>
    public GroupPredictor(int inputSize, float[] inner, float[] outer, float[] bias)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(outer);
        ArgumentNullException.ThrowIfNull(bias);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputSize, 1);
        (Rank, int rest) = Math.DivRem(inner.Length, inputSize);
        bool fits = outer.Length == 0 ? Rank == bias.Length : outer.Length == (long)bias.Length * Rank && Rank <= MostRank;
        if (rest != 0 || Rank == 0 || bias.Length == 0 || !fits)
        {
            throw new ArgumentException(
                $"A predictor of {bias.Length} groups from {inputSize} inputs cannot have {inner.Length} inner and {outer.Length} outer weights.");
        }

        if (!FiniteNumbers.All(inner) || !FiniteNumbers.All(outer) || !FiniteNumbers.All(bias))
        {
            throw new ArgumentException("A predictor's weights must be finite numbers.");
        }

        InputSize = inputSize;
        _inner = inner;
        _outer = outer;
        _bias = bias;
    }

    /// <summary>Elements of the input.</summary>
    public int InputSize { get; }

    /// <summary>Groups that are scored.</summary>
    public int GroupCount => _bias.Length;

    /// <summary>Rank of the map; <see cref="GroupCount"/> where it is kept whole.</summary>
    public int Rank { get; }

    /// <summary>Whether the map is kept as one matrix.</summary>
    public bool IsWhole => _outer.Length == 0;

    /// <summary>Row-major (rank, inputSize).</summary>
    public ReadOnlySpan<float> Inner => _inner;

    /// <summary>Row-major (groups, rank); empty where the map is whole.</summary>
    public ReadOnlySpan<float> Outer => _outer;

    /// <summary>(groups).</summary>
    public ReadOnlySpan<float> Bias => _bias;

    /// <summary>Multiplications of one scoring.</summary>
    public long Multiplications => _inner.LongLength + _outer.LongLength;

    /// <summary>Scores all groups; allocates nothing, and may run on several threads at once.</summary>
    /// <param name="input">(inputSize).</param>
    /// <param name="scores">(groups), written: log-importance, so that larger is more important.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Score(ReadOnlySpan<float> input, Span<float> scores)
    {
        if (input.Length != InputSize || scores.Length != GroupCount)
        {
            throw new ArgumentException(
                $"This predictor scores {GroupCount} groups from {InputSize} inputs; it was given {input.Length} inputs and room for {scores.Length}.");
        }

        if (IsWhole)
        {
            Multiply(_inner, input, scores);
        }
        else
        {
            Span<float> hidden = stackalloc float[Rank];
            Multiply(_inner, input, hidden);
            Multiply(_outer, hidden, scores);
        }

        TensorPrimitives.Add(scores, _bias, scores);
    }

    // Four rows share each load of the input, and their sums do not wait for each other.
    private static void Multiply(float[] matrix, ReadOnlySpan<float> input, Span<float> output)
    {
        int size = input.Length;
        ReadOnlySpan<Vector<float>> x = MemoryMarshal.Cast<float, Vector<float>>(input);
        int done = x.Length * Vector<float>.Count;
        int row = 0;
        for (; row + 4 <= output.Length; row += 4)
        {
            ReadOnlySpan<Vector<float>> first = Vectors(matrix, row, size, x.Length);
            ReadOnlySpan<Vector<float>> second = Vectors(matrix, row + 1, size, x.Length);
            ReadOnlySpan<Vector<float>> third = Vectors(matrix, row + 2, size, x.Length);
            ReadOnlySpan<Vector<float>> fourth = Vectors(matrix, row + 3, size, x.Length);
            (Vector<float> a, Vector<float> b, Vector<float> c, Vector<float> d) = (default, default, default, default);
            for (int i = 0; i < x.Length; i++)
            {
                a = Vector.FusedMultiplyAdd(first[i], x[i], a);
                b = Vector.FusedMultiplyAdd(second[i], x[i], b);
                c = Vector.FusedMultiplyAdd(third[i], x[i], c);
                d = Vector.FusedMultiplyAdd(fourth[i], x[i], d);
            }

            output[row] = Vector.Sum(a);
            output[row + 1] = Vector.Sum(b);
            output[row + 2] = Vector.Sum(c);
            output[row + 3] = Vector.Sum(d);
            for (int i = done; i < size; i++)
            {
                for (int k = row; k < row + 4; k++)
                {
                    output[k] += matrix[(k * size) + i] * input[i];
                }
            }
        }

        for (; row < output.Length; row++)
        {
            output[row] = TensorPrimitives.Dot(matrix.AsSpan(row * size, size), input);
        }
    }

    private static ReadOnlySpan<Vector<float>> Vectors(float[] matrix, int row, int size, int count) =>
        MemoryMarshal.Cast<float, Vector<float>>(matrix.AsSpan(row * size, size))[..count];
}
