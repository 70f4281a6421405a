using Halo.Planning.Importance;
using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>The importance of a model's groups as the planner needs it; 0 for all where none is known, and for tokens.</summary>
internal sealed class GroupMass
{
    private readonly ModelProfile _model;
    private readonly ModelImportance? _importance;

    internal GroupMass(ModelProfile model, ModelImportance? importance)
    {
        _model = model;
        _importance = importance;
    }

    /// <summary>Everything together.</summary>
    internal double Total => ByRank(ShardKind.Attention).Sum() + ByRank(ShardKind.FeedForward).Sum();

    /// <summary>Says what does not fit the model; null where all does.</summary>
    internal static string? Fault(ModelProfile model, ModelImportance importance)
    {
        if (importance.Stages.Count != 2 * model.LayerCount)
        {
            return $"The importance has {importance.Stages.Count} stages and {model.Name} {2 * model.LayerCount}: it belongs to another model.";
        }

        for (int stage = 0; stage < importance.Stages.Count; stage++)
        {
            ShardKind kind = stage % 2 == 0 ? ShardKind.Attention : ShardKind.FeedForward;
            IReadOnlyList<float> mean = importance.Stages[stage].Mean;
            if (mean.Count != model.GroupCount(kind))
            {
                return $"The importance has {mean.Count} groups in stage {stage} and {model.Name} {model.GroupCount(kind)}: it belongs to another model or cut.";
            }

            if (mean.Any(value => !float.IsFinite(value) || value < 0))
            {
                return $"The importance of a group in stage {stage} is negative or no number.";
            }
        }

        return null;
    }

    /// <summary>Importance of each group of a stage.</summary>
    internal double[] Of(ShardKind kind, int layer) => _importance is null || kind == ShardKind.Vocabulary
        ? new double[_model.GroupCount(kind)]
        : [.. _importance.Stages[2 * layer + (kind == ShardKind.FeedForward ? 1 : 0)].Mean.Select(value => (double)value)];

    /// <summary>Importance by rank, the highest first, summed over the layers.</summary>
    internal double[] ByRank(ShardKind kind)
    {
        double[] sums = new double[_model.GroupCount(kind)];
        for (int layer = 0; _importance is not null && kind != ShardKind.Vocabulary && layer < _model.LayerCount; layer++)
        {
            double[] ranked = [.. Of(kind, layer).OrderDescending()];
            for (int rank = 0; rank < sums.Length; rank++)
            {
                sums[rank] += ranked[rank];
            }
        }

        return sums;
    }
}
