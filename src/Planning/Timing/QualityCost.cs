using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Planning.Profiles;

namespace Halo.Planning.Timing;

/// <summary>What a plan is expected to lose of the model's output.</summary>
/// <param name="LostShare">Share of all importance that is missing from the sums on average, 0 to 1: 0 where everything is waited for.</param>
/// <param name="PerplexityRise">By how much the perplexity rises, as a share of it; null where the model's sensitivity is not known.</param>
public sealed record QualityCost(double LostShare, double? PerplexityRise)
{
    /// <summary>Predicts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="boards">The plan's boards with their losses.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="importance">What groups add.</param>
    /// <param name="policy">What is done against loss.</param>
    /// <param name="copies">Times that a datagram is sent at once; see <see cref="StepTime.Copies"/>.</param>
    /// <param name="criticalBoards">Relaxed: boards whose sums are always waited for.</param>
    /// <param name="sensitivity">
    /// For each stage in the order of a step: the rise of the perplexity, as a share, for each unit of the stage's importance that is missing; null where not known.
    /// </param>
    /// <exception cref="ArgumentException">The sensitivity has another number of stages.</exception>
    public static QualityCost Predict(
        ModelProfile model,
        IReadOnlyList<BoardProfile> boards,
        Plan plan,
        ModelImportance importance,
        SumPolicy policy,
        int copies = 1,
        int criticalBoards = 1,
        IReadOnlyList<double>? sensitivity = null)
    {
        if (sensitivity is not null && sensitivity.Count != importance.Stages.Count)
        {
            throw new ArgumentException($"The sensitivity has {sensitivity.Count} stages and the importance {importance.Stages.Count}.", nameof(sensitivity));
        }

        if (policy != SumPolicy.Relaxed)
        {
            return new QualityCost(0, sensitivity is null ? null : 0);
        }

        GroupMass mass = new(model, importance);
        HashSet<string> critical = CriticalBoards.Of(plan, criticalBoards);
        Dictionary<string, double> missing = boards.ToDictionary(board => board.Name, board => critical.Contains(board.Name) ? 0 : Math.Pow(board.Loss, copies));
        double lost = 0;
        double rise = 0;
        foreach (IGrouping<(int Layer, ShardKind Kind), ShardAssignment> stage in plan.Shards
            .Where(shard => shard.Replica == 0 && shard.Shard.Kind != ShardKind.Vocabulary).GroupBy(shard => (shard.Shard.Layer, shard.Shard.Kind)))
        {
            double[] groups = mass.Of(stage.Key.Kind, stage.Key.Layer);
            double here = stage.Sum(shard => missing[shard.Board] * groups.AsSpan(shard.FirstGroup, shard.GroupCount).ToArray().Sum());
            double all = groups.Sum();
            lost += here;
            rise += sensitivity is null || all <= 0 ? 0 : sensitivity[2 * stage.Key.Layer + (stage.Key.Kind == ShardKind.FeedForward ? 1 : 0)] * here / all;
        }

        double total = mass.Total;
        return new QualityCost(total > 0 ? lost / total : 0, sensitivity is null ? null : rise);
    }
}
