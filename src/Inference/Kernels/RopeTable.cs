using Halo.Inference.Memory;

namespace Halo.Inference.Kernels;

/// <summary>Cosines and sines of <see cref="Rope"/> for all positions, so that nothing trigonometric runs in decode.</summary>
public sealed class RopeTable : IDisposable
{
    private readonly AlignedBuffer<float> _cosines; // (maxPosition, rotaryDim / 2), f32
    private readonly AlignedBuffer<float> _sines; // (maxPosition, rotaryDim / 2), f32
    private readonly int _pairs;
    private readonly RotaryPairs _order;

    /// <summary>Computes the table for positions 0 to <paramref name="maxPosition"/> - 1.</summary>
    /// <param name="maxPosition">Number of positions.</param>
    /// <param name="inverseFrequencies">(rotaryDim / 2), radians per position; none where nothing turns.</param>
    /// <param name="order">Which elements turn together.</param>
    /// <param name="magnitude">What turned elements are multiplied by, above 0; 1 but for some ways of stretching the context.</param>
    public RopeTable(
        int maxPosition, ReadOnlySpan<float> inverseFrequencies, RotaryPairs order = RotaryPairs.Interleaved, float magnitude = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxPosition);
        MaxPosition = maxPosition;
        _pairs = inverseFrequencies.Length;
        _order = order;
        _cosines = new AlignedBuffer<float>((long)maxPosition * _pairs);
        _sines = new AlignedBuffer<float>((long)maxPosition * _pairs);
        for (int position = 0; position < maxPosition; position++)
        {
            Span<float> cosines = Row(_cosines, position);
            Span<float> sines = Row(_sines, position);
            for (int i = 0; i < _pairs; i++)
            {
                (float cos, float sin) = Rope.Angle(position, inverseFrequencies[i]);
                (cosines[i], sines[i]) = (cos * magnitude, sin * magnitude);
            }
        }
    }

    /// <summary>Positions below this are in the table.</summary>
    public int MaxPosition { get; }

    /// <summary>Columns of a head that turn.</summary>
    public int RotaryDim => 2 * _pairs;

    /// <summary>inverseFrequencies[i] = frequencyBase^(-2i / rotaryDim), (rotaryDim / 2): the unscaled RoPE of the LLaMA papers.</summary>
    public static float[] InverseFrequencies(int rotaryDim, double frequencyBase)
    {
        float[] frequencies = new float[rotaryDim / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = (float)Math.Pow(frequencyBase, -2.0 * i / rotaryDim);
        }

        return frequencies;
    }

    /// <summary>Rotates all heads of a row, (heads, headDim), in place.</summary>
    /// <param name="row">Whole heads.</param>
    /// <param name="headDim">Columns of a head, at least <see cref="RotaryDim"/>.</param>
    /// <param name="position">Below <see cref="MaxPosition"/>.</param>
    public void Apply(Span<float> row, int headDim, int position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)MaxPosition, nameof(position));
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, RotaryDim);
        if (_pairs > 0)
        {
            Rope.Apply(row, headDim, Row(_cosines, position), Row(_sines, position), _order);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _cosines.Dispose();
        _sines.Dispose();
    }

    private Span<float> Row(AlignedBuffer<float> table, int position) => table.Slice((long)position * _pairs, _pairs);
}
