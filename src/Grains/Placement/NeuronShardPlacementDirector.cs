using Halo.Planning;
using Halo.Planning.Assignment;
using Orleans.Runtime.Placement;

namespace Halo.Grains.Placement;

/// <summary>
/// Looks up where a shard belongs: in this silo's copy of the newest plan. Speeds, memory, losses and importance went into the plan, not into
/// this director, so that all silos decide alike.
/// </summary>
/// <param name="plans">This silo's plans.</param>
/// <param name="boards">Boards and their silos.</param>
public sealed class NeuronShardPlacementDirector(PlanCatalog plans, BoardMap boards) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        (string model, ShardId shard) = GrainKeys.ShardOf(target.GrainIdentity.Key.ToString()!);
        Plan plan = plans.Newest(model)
            ?? throw new OrleansException($"Shard {model}/{shard} cannot be placed: this silo has no plan of {model}. Ask the model grain for it first.");
        ShardAssignment assignment = plan.Find(shard)
            ?? throw new OrleansException($"Shard {model}/{shard} cannot be placed: plan {plan.Version} has no such shard.");
        return Task.FromResult(
            boards.Find(assignment.Board, context.GetCompatibleSilos(target))
            ?? throw new OrleansException($"Shard {model}/{shard} cannot be placed: board {assignment.Board} of plan {plan.Version} has no active silo."));
    }
}
