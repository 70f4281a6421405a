using System.Diagnostics.CodeAnalysis;

namespace Halo.Inference.Kernels;

/// <summary>Rotary position embedding, of pairs in either order.</summary>
/// <remarks>
/// Per head and pair i: (a, b) becomes (a cos - b sin, a sin + b cos), with angle = position * inverseFrequencies[i]; a and b are
/// row[2i] and row[2i + 1], or row[i] and row[i + rotaryDim / 2]. Columns of a head from rotaryDim on stay as they are.
/// </remarks>
public static class Rope
{
    /// <summary>Rotates interleaved pairs of all heads of a row, computing the angles: for tests and single calls. <see cref="RopeTable"/> is for decoding.</summary>
    /// <param name="row">(heads, headDim), changed in place.</param>
    /// <param name="headDim">Columns of a head.</param>
    /// <param name="rotaryDim">Even, at most <paramref name="headDim"/>.</param>
    /// <param name="position">Place of the token in its sequence, from 0.</param>
    /// <param name="inverseFrequencies">(rotaryDim / 2), radians per position.</param>
    public static void Apply(Span<float> row, int headDim, int rotaryDim, int position, ReadOnlySpan<float> inverseFrequencies)
    {
        if (rotaryDim < 0 || rotaryDim % 2 != 0 || rotaryDim > headDim)
        {
            ThrowRotaryDim(rotaryDim, headDim);
        }

        ShapeCheck.Length(rotaryDim / 2, inverseFrequencies.Length, nameof(inverseFrequencies));
        CheckHeads(row.Length, headDim);
        for (int i = 0; i < inverseFrequencies.Length; i++)
        {
            (float cos, float sin) = Angle(position, inverseFrequencies[i]);
            for (int pair = 2 * i; pair < row.Length; pair += headDim)
            {
                (row[pair], row[pair + 1]) = Rotate(row[pair], row[pair + 1], cos, sin);
            }
        }
    }

    /// <summary>Rotates all heads of a row by angles whose cosines and sines, (rotaryDim / 2) each, are known.</summary>
    internal static void Apply(Span<float> row, int headDim, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines, RotaryPairs order)
    {
        CheckHeads(row.Length, headDim);
        (int next, int apart) = order == RotaryPairs.Interleaved ? (2, 1) : (1, cosines.Length);
        for (int start = 0; start < row.Length; start += headDim)
        {
            Span<float> head = row.Slice(start, 2 * cosines.Length);
            for (int i = 0; i < cosines.Length; i++)
            {
                int at = next * i;
                (head[at], head[at + apart]) = Rotate(head[at], head[at + apart], cosines[i], sines[i]);
            }
        }
    }

    /// <summary>In double: at position 100,000 the f32 product is off by up to 0.004 radians.</summary>
    internal static (float Cos, float Sin) Angle(int position, float inverseFrequency)
    {
        (double sin, double cos) = Math.SinCos(position * (double)inverseFrequency);
        return ((float)cos, (float)sin);
    }

    private static (float A, float B) Rotate(float a, float b, float cos, float sin) => ((a * cos) - (b * sin), (a * sin) + (b * cos));

    private static void CheckHeads(int rowLength, int headDim)
    {
        if (headDim <= 0 || rowLength % headDim != 0)
        {
            ThrowHeads(rowLength, headDim);
        }
    }

    [DoesNotReturn]
    private static void ThrowRotaryDim(int rotaryDim, int headDim) =>
        throw new ArgumentOutOfRangeException(nameof(rotaryDim), $"{rotaryDim} is not an even number from 0 to the head's {headDim}.");

    [DoesNotReturn]
    private static void ThrowHeads(int rowLength, int headDim) =>
        throw new ArgumentException($"A row of {rowLength} is not whole heads of {headDim}.");
}
