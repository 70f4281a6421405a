using Halo.Planning.Assignment;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Halo.Grains.Placement;

/// <summary>Places a grain whose key starts with a model's name on that model's head board, where steps start and tokens appear.</summary>
[GenerateSerializer, Orleans.Immutable, Alias("halo.head-board-placement")]
public sealed class HeadBoardPlacement : PlacementStrategy
{
    internal static readonly HeadBoardPlacement Instance = new();
}

/// <summary>Places a grain on the head board of the model that its key starts with.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class HeadBoardPlacementAttribute() : PlacementAttribute(HeadBoardPlacement.Instance);

/// <summary>Looks up the head board in the newest plan; before the first plan any silo does.</summary>
/// <param name="plans">This silo's plans.</param>
/// <param name="boards">Boards and their silos.</param>
public sealed class HeadBoardPlacementDirector(PlanCatalog plans, BoardMap boards) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        Plan? plan = plans.Newest(GrainKeys.ModelOf(target.GrainIdentity.Key.ToString()!));
        return Task.FromResult((plan is null ? null : boards.Find(plan.HeadBoard, silos)) ?? silos.Order().First());
    }
}
