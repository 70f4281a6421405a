using System.Numerics.Tensors;
using Halo.Inference.Model.Observation;
using Halo.Planning.Importance;

namespace Halo.Cli.Calibrate.Regroup;

/// <summary>Measures how much importance lies in half of the groups, with the elements of each stage in some order.</summary>
/// <param name="parts">The groups of each stage, in that order.</param>
/// <param name="orders">Of each stage, for each new place the old element of h; null leaves all as they lie.</param>
/// <param name="means">Mean importance of each group, by stage: the static ranking.</param>
internal sealed class ConcentrationMeter(
    IReadOnlyList<GroupParts> parts, IReadOnlyList<IReadOnlyList<int>>? orders, IReadOnlyList<float[]> means) : IStageObserver
{
    private readonly double[] _static = new double[parts.Count];
    private readonly double[] _oracle = new double[parts.Count];
    private readonly long[] _counts = new long[parts.Count];

    internal (double Static, double Oracle) Of(int stage) => (_static[stage] / _counts[stage], _oracle[stage] / _counts[stage]);

    void IStageObserver.Observe(in StageView stage)
    {
        GroupParts own = parts[stage.Index];
        float[] hidden = new float[own.Width];
        float[] shares = new float[own.GroupCount];
        int[] order = new int[own.GroupCount];
        int half = Math.Max(1, own.GroupCount / 2);
        for (int row = 0; row < stage.Rows; row++)
        {
            if (stage.Position(row) > 0)
            {
                ShareMeans.Reorder(stage.Hidden(row), orders?[stage.Index], hidden);
                GroupShares.Of(own, hidden, TensorPrimitives.Norm<float>(stage.Output(row)), shares);
                ImportanceMass.Rank(means[stage.Index], order);
                _static[stage.Index] += ImportanceMass.Captured(shares, order.AsSpan(0, half));
                ImportanceMass.Rank(shares, order);
                _oracle[stage.Index] += ImportanceMass.Captured(shares, order.AsSpan(0, half));
                _counts[stage.Index]++;
            }
        }
    }
}
