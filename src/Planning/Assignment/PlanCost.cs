using Halo.Planning.Importance;
using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>What a plan is worth by the planner's measure.</summary>
/// <param name="Seconds">All stages of a token, each as long as its slowest board, delays included; without what datagrams cost.</param>
/// <param name="LostShare">Share of all importance that is lost on average where nothing lost is sent again, 0 to 1; 0 without importance.</param>
public sealed record PlanCost(double Seconds, double LostShare)
{
    /// <summary>Time in shortest possible times plus what the loss is worth: the planner's objective.</summary>
    /// <param name="leastSeconds">The shortest possible time, above 0.</param>
    /// <param name="lossWeight">See <see cref="PlanRequest.LossWeight"/>.</param>
    public double Value(double leastSeconds, double lossWeight) => Seconds / leastSeconds + lossWeight * LostShare;

    /// <summary>What a plan costs on boards as they are now.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="model">Its model.</param>
    /// <param name="boards">Its boards, in any order.</param>
    /// <param name="importance">What groups add; null where it is not known.</param>
    public static PlanCost Of(Plan plan, ModelProfile model, IReadOnlyList<BoardProfile> boards, ModelImportance? importance)
    {
        Dictionary<string, BoardProfile> byName = boards.ToDictionary(board => board.Name);
        GroupMass mass = new(model, importance);
        double seconds = 0;
        double lost = 0;
        foreach (IGrouping<(int Layer, ShardKind Kind), ShardAssignment> stage in plan.Shards
            .Where(shard => shard.Replica == 0).GroupBy(shard => (shard.Shard.Layer, shard.Shard.Kind)))
        {
            seconds += stage.GroupBy(shard => shard.Board)
                .Max(held => StageSeconds(plan, model, byName[held.Key], stage.Key.Kind, held.Sum(shard => shard.GroupCount)));
            double[] groups = mass.Of(stage.Key.Kind, Math.Max(0, stage.Key.Layer));
            lost += stage.Sum(shard => byName[shard.Board].Loss * groups.AsSpan(shard.FirstGroup, shard.GroupCount).ToArray().Sum());
        }

        double total = mass.Total;
        return new PlanCost(seconds, total > 0 ? lost / total : 0);
    }

    /// <summary>Seconds that a board's part of one stage takes, its delay included.</summary>
    internal static double StageSeconds(Plan plan, ModelProfile model, BoardProfile board, ShardKind kind, int count)
    {
        long stageBytes = kind == ShardKind.Vocabulary ? model.TokenGroupBytes : model.GroupBytes(kind) / model.LayerCount;
        double computing = count / board.BytesPerSecond * Math.Max(1, stageBytes);
        if (kind != ShardKind.FeedForward || board.StorageBytesPerSecond <= 0)
        {
            return computing + board.DelaySeconds;
        }

        // What does not fit its memory is read for every token.
        long over = BoardMemory.Of(plan, model, board.Name).Total - board.MemoryBytes;
        double reading = Math.Max(0, over) / (double)model.LayerCount / board.StorageBytesPerSecond;
        return Math.Max(computing, reading) + board.DelaySeconds;
    }
}
