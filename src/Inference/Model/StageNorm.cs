using System.Numerics.Tensors;
using Halo.Inference.Kernels;
using Halo.Inference.Model.Architectures;

namespace Halo.Inference.Model;

/// <summary>
/// Turns the residual stream into a stage's input: <c>y = norm(residual + offset)</c>. The offset is the sum of the biases of all earlier stages'
/// last matrices. They are no shard's: every board holds them and adds them here, so that no partial sum, wherever it is lost, takes one along,
/// and boards' residuals stay equal bit by bit.
/// </summary>
public sealed class StageNorm
{
    private readonly NormKind _kind;
    private readonly float[] _gain;
    private readonly float[] _bias;   // empty where there is none
    private readonly float[] _offset; // empty where there is none
    private readonly float _epsilon;

    internal StageNorm(NormKind kind, float[] gain, float[]? bias, float[] offset, float epsilon)
    {
        _kind = kind;
        _gain = gain;
        _bias = bias ?? [];
        _offset = offset;
        _epsilon = epsilon;
    }

    /// <summary>Normalises one row.</summary>
    /// <param name="residual">(hiddenSize).</param>
    /// <param name="y">(hiddenSize), written; apart from <paramref name="residual"/>.</param>
    public void Apply(ReadOnlySpan<float> residual, Span<float> y)
    {
        if (_offset.Length > 0)
        {
            TensorPrimitives.Add(residual, _offset, y);
            residual = y;
        }

        if (_kind == NormKind.Rms)
        {
            RmsNorm.Apply(residual, _gain, _epsilon, y);
        }
        else
        {
            LayerNorm.Apply(residual, _gain, _bias, _epsilon, y);
        }
    }
}
