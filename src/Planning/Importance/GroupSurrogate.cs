using System.Numerics.Tensors;

namespace Halo.Planning.Importance;

/// <summary>
/// A cheap stand-in for what a group adds to its stage: <c>y_g ~ U (V x) + c</c>, x the stage's normalised input. It takes the place of a part that
/// will not come.
/// </summary>
public sealed class GroupSurrogate
{
    private readonly float[] _inner;  // (rank, inputSize): V
    private readonly float[] _outer;  // (rank, hiddenSize): the columns of U
    private readonly float[] _offset; // (hiddenSize): c

    /// <param name="inner">Row-major (rank, inputSize): V.</param>
    /// <param name="outer">Row-major (rank, hiddenSize): the columns of U.</param>
    /// <param name="offset">(hiddenSize); the input is as wide.</param>
    /// <exception cref="ArgumentException">The sizes do not fit each other, or a number is not finite.</exception>
    public GroupSurrogate(float[] inner, float[] outer, float[] offset)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(outer);
        ArgumentNullException.ThrowIfNull(offset);
        if (offset.Length == 0 || inner.Length == 0 || inner.Length != outer.Length || inner.Length % offset.Length != 0)
        {
            throw new ArgumentException(
                $"A surrogate of width {offset.Length} cannot have {inner.Length} inner and {outer.Length} outer weights.");
        }

        if (!FiniteNumbers.All(inner) || !FiniteNumbers.All(outer) || !FiniteNumbers.All(offset))
        {
            throw new ArgumentException("A surrogate's weights must be finite numbers.");
        }

        _inner = inner;
        _outer = outer;
        _offset = offset;
    }

    /// <summary>Elements of input and output.</summary>
    public int Width => _offset.Length;

    /// <summary>Rank of the map.</summary>
    public int Rank => _inner.Length / Width;

    /// <summary>Row-major (rank, inputSize).</summary>
    public ReadOnlySpan<float> Inner => _inner;

    /// <summary>Row-major (rank, hiddenSize).</summary>
    public ReadOnlySpan<float> Outer => _outer;

    /// <summary>(hiddenSize).</summary>
    public ReadOnlySpan<float> Offset => _offset;

    /// <summary>Adds the stand-in to a sum; allocates nothing.</summary>
    /// <param name="input">The stage's normalised input (inputSize).</param>
    /// <param name="sum">(hiddenSize), added to.</param>
    public void AddTo(ReadOnlySpan<float> input, Span<float> sum)
    {
        TensorPrimitives.Add(sum, _offset, sum);
        for (int row = 0; row < Rank; row++)
        {
            float weight = TensorPrimitives.Dot(_inner.AsSpan(row * Width, Width), input);
            TensorPrimitives.MultiplyAdd(_outer.AsSpan(row * Width, Width), weight, sum, sum);
        }
    }
}
