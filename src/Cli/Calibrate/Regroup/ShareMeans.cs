using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;

namespace Halo.Cli.Calibrate.Regroup;

/// <summary>Mean importance of groups over tokens, with the elements of each stage as they lie or in another order.</summary>
/// <param name="parts">The groups of each stage, in that order.</param>
/// <param name="orders">Of each stage, for each new place the old element of h; null leaves all as they lie.</param>
internal sealed class ShareMeans(IReadOnlyList<GroupParts> parts, IReadOnlyList<IReadOnlyList<int>>? orders = null) : IStageObserver
{
    private readonly double[][] _sums = [.. parts.Select(stage => new double[stage.GroupCount])];
    private readonly long[] _counts = new long[parts.Count];

    internal float[] Of(int stage) => Array.ConvertAll(_sums[stage], sum => (float)(sum / _counts[stage]));

    void IStageObserver.Observe(in StageView stage) => Add(stage);

    internal void Add(in StageView stage)
    {
        GroupParts own = parts[stage.Index];
        float[] hidden = new float[own.Width];
        float[] shares = new float[own.GroupCount];
        for (int row = 0; row < stage.Rows; row++)
        {
            if (stage.Position(row) > 0)
            {
                Reorder(stage.Hidden(row), orders?[stage.Index], hidden);
                GroupShares.Of(own, hidden, TensorPrimitives.Norm<float>(stage.Output(row)), shares);
                for (int group = 0; group < shares.Length; group++)
                {
                    _sums[stage.Index][group] += shares[group];
                }

                _counts[stage.Index]++;
            }
        }
    }

    internal static void Reorder(ReadOnlySpan<float> hidden, IReadOnlyList<int>? order, Span<float> reordered)
    {
        if (order is null)
        {
            hidden.CopyTo(reordered);
            return;
        }

        for (int i = 0; i < reordered.Length; i++)
        {
            reordered[i] = hidden[order[i]];
        }
    }
}
