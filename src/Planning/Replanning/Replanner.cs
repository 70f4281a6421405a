using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Planning.Replanning;

/// <summary>Decides when a plan is made again, and makes one that moves as little as its objective allows. Pure: whoever looks keeps the count.</summary>
public static class Replanner
{
    /// <summary>One look.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What was asked of the plan; without importance loss is worth nothing and nothing is made again for it.</param>
    /// <param name="current">The plan in force.</param>
    /// <param name="then">The boards as they were when it was made; the same ones as the plan's, in its order.</param>
    /// <param name="now">The boards as they are.</param>
    /// <param name="looks">What the last look returned; 0 for the first.</param>
    /// <param name="rule">The thresholds.</param>
    /// <exception cref="ArgumentException">The boards are not those of the plan.</exception>
    public static ReplanDecision Decide(
        ModelProfile model, PlanRequest request, Plan current, IReadOnlyList<BoardProfile> then, IReadOnlyList<BoardProfile> now, int looks, ReplanRule rule)
    {
        if (!current.Boards.SequenceEqual(then.Select(board => board.Name)) || !current.Boards.SequenceEqual(now.Select(board => board.Name)))
        {
            throw new ArgumentException($"Plan {current.Version} of {model.Name} has the boards {string.Join(", ", current.Boards)}; then and now must have the same.", nameof(now));
        }

        bool speedMoved = then.Zip(now).Any(pair => Math.Abs(pair.Second.BytesPerSecond / pair.First.BytesPerSecond - 1) > rule.SpeedChange);
        bool lossMoved = then.Zip(now).Any(pair => Math.Abs(pair.Second.Loss - pair.First.Loss) > rule.LossChange);
        if ((!speedMoved && !lossMoved)
            || new Successor(model, request, current, now).Make(withTokens: speedMoved) is not { } made
            || made.Plan.ChangesFrom(current).Count == 0)
        {
            return ReplanDecision.Stay;
        }

        double before = PlanCost.Of(current, model, now, request.Importance).Value(made.LeastSeconds, request.LossWeight);
        double after = PlanCost.Of(made.Plan, model, now, request.Importance).Value(made.LeastSeconds, request.LossWeight);
        double gain = (before - after) / before;
        if (gain < rule.LeastGain)
        {
            return ReplanDecision.Stay with { Gain = gain };
        }

        return new ReplanDecision(looks + 1 >= rule.Looks ? made.Plan : null, looks + 1, gain, MovedGroups(current, made.Plan));
    }

    /// <summary>Groups that are on another board under one plan than under the other, over all layers; replicas are not counted.</summary>
    internal static int MovedGroups(Plan before, Plan after)
    {
        Dictionary<(int, ShardKind, int), string> held = Owners(before);
        return Owners(after).Count(group => held[group.Key] != group.Value);
    }

    private static Dictionary<(int Layer, ShardKind Kind, int Group), string> Owners(Plan plan) => plan.Shards
        .Where(shard => shard.Replica == 0)
        .SelectMany(shard => Enumerable.Range(shard.FirstGroup, shard.GroupCount).Select(group => (Key: (shard.Shard.Layer, shard.Shard.Kind, group), shard.Board)))
        .ToDictionary(group => group.Key, group => group.Board);
}
