using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Planning.Importance;

/// <summary>How much of a model's importance each board of a plan holds.</summary>
public static class HeldImportance
{
    /// <summary>Share of all importance by board, 0 to 1; replicas are not counted. All are 0 where the importance is.</summary>
    public static IReadOnlyDictionary<string, double> Shares(Plan plan, ModelProfile model, ModelImportance importance)
    {
        GroupMass mass = new(model, importance);
        double total = mass.Total;
        Dictionary<string, double> held = plan.Boards.ToDictionary(board => board, _ => 0.0);
        foreach (ShardAssignment shard in plan.Shards.Where(shard => shard.Replica == 0 && shard.Shard.Kind != ShardKind.Vocabulary && total > 0))
        {
            held[shard.Board] += mass.Of(shard.Shard.Kind, shard.Shard.Layer).AsSpan(shard.FirstGroup, shard.GroupCount).ToArray().Sum() / total;
        }

        return held;
    }
}
