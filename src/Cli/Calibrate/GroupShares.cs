using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;

namespace Halo.Cli.Calibrate;

/// <summary>The importance of each group for one token: <c>s_g = ||y_g|| / ||y||</c>.</summary>
internal static class GroupShares
{
    /// <summary>Least share that counts: its logarithm stays finite where a group adds nothing.</summary>
    internal const float Least = 1e-6f;

    /// <summary>Fills in the shares of a row; zeros where the stage's output is zero.</summary>
    internal static void Of(GroupParts parts, in StageView stage, int row, Span<float> shares) =>
        Of(parts, stage.Hidden(row), TensorPrimitives.Norm<float>(stage.Output(row)), shares);

    internal static void Of(GroupParts parts, ReadOnlySpan<float> hidden, float outputNorm, Span<float> shares)
    {
        parts.Norms(hidden, shares);
        if (outputNorm > 0)
        {
            TensorPrimitives.Divide(shares, outputNorm, shares);
        }
        else
        {
            shares.Clear();
        }
    }
}
