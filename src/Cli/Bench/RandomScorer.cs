using System.Numerics;
using System.Runtime.InteropServices;
using Halo.Inference.Model.Pieces;

namespace Halo.Cli.Bench;

/// <summary>
/// A predictor of the size of a calibrated one, of random weights: a linear map from attention's input to a score for each group. It tells what
/// prediction costs, and nothing of its quality.
/// </summary>
internal sealed class RandomScorer
{
    private readonly int _hiddenSize;
    private readonly float[] _weights; // (groups, hiddenSize)

    internal RandomScorer(int hiddenSize, int groups)
    {
        Random random = new(1);
        _hiddenSize = hiddenSize;
        _weights = new float[groups * hiddenSize];
        for (int i = 0; i < _weights.Length; i++)
        {
            _weights[i] = random.NextSingle() - 0.5f;
        }
    }

    internal bool Score(PieceKind kind, int layer, ReadOnlySpan<float> input, Span<float> scores)
    {
        if (kind != PieceKind.Attention)
        {
            return false;
        }

        for (int group = 0; group < scores.Length; group++)
        {
            scores[group] = Dot(_weights.AsSpan(group * _hiddenSize, _hiddenSize), input);
        }

        return true;
    }

    private static float Dot(ReadOnlySpan<float> weights, ReadOnlySpan<float> input)
    {
        ReadOnlySpan<Vector<float>> a = MemoryMarshal.Cast<float, Vector<float>>(weights);
        ReadOnlySpan<Vector<float>> b = MemoryMarshal.Cast<float, Vector<float>>(input);
        Vector<float> sum = Vector<float>.Zero;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        float total = Vector.Sum(sum);
        for (int i = a.Length * Vector<float>.Count; i < input.Length; i++)
        {
            total += weights[i] * input[i];
        }

        return total;
    }
}
