using System.Numerics.Tensors;
using Halo.Fabric.Simulated;
using Halo.Inference.Model;
using Halo.Planning;
using Halo.Planning.Assignment;
using Halo.Planning.Importance;

namespace Halo.Boards.Simulated;

/// <summary>What boards are likely to add to a stage, as calibration found: the mean parts of their groups, or what low-rank stand-ins make of the token.</summary>
internal sealed class ImportanceStandIn : IStageStandIn
{
    private readonly ModelImportance _importance;
    private readonly IShardSource _model;
    private readonly float[]?[] _means;  // (stages, boards): the sum over the board's groups
    private readonly int[]?[] _groups;   // (stages, boards)
    private readonly int _boardCount;
    private readonly bool _isLowRank;

    /// <param name="importance">What calibration found.</param>
    /// <param name="model">The model, for its norms.</param>
    /// <param name="plan">Who holds what.</param>
    /// <param name="isLowRank">Low-rank stand-ins, of groups that have one; else means.</param>
    internal ImportanceStandIn(ModelImportance importance, IShardSource model, Plan plan, bool isLowRank)
    {
        (_importance, _model, _isLowRank, _boardCount) = (importance, model, isLowRank, plan.Boards.Count);
        int count = importance.Stages.Count * _boardCount;
        (_means, _groups) = (new float[count][], new int[count][]);
        foreach (ShardAssignment shard in plan.Shards.Where(shard => shard is { Replica: 0, Shard.Kind: not ShardKind.Vocabulary }))
        {
            int stage = (2 * shard.Shard.Layer) + (shard.Shard.Kind == ShardKind.Attention ? 0 : 1);
            int index = Index(stage, plan.Boards.ToList().IndexOf(shard.Board));
            float[] mean = _means[index] ??= new float[importance.HiddenSize];
            int[] groups = [.. Enumerable.Range(shard.FirstGroup, shard.GroupCount)];
            _groups[index] = [.. _groups[index] ?? [], .. groups];
            foreach (int group in groups)
            {
                TensorPrimitives.Add(mean, importance.Stages[stage].MeanPart(group), mean);
            }
        }
    }

    void IStageStandIn.Write(int stage, int board, ReadOnlySpan<float> residual, Span<float> sum)
    {
        sum.Clear();
        int index = Index(stage, board);
        StageImportance known = _importance.Stages[stage];
        if (!_isLowRank || known.Surrogates.Count == 0)
        {
            _means[index]?.CopyTo(sum);
            return;
        }

        Span<float> input = stackalloc float[residual.Length];
        _model.Norms.OfStage(stage).Apply(residual, input);
        foreach (int group in _groups[index] ?? [])
        {
            known.Surrogates[group].AddTo(input, sum);
        }
    }

    private int Index(int stage, int board) => (stage * _boardCount) + board;
}
