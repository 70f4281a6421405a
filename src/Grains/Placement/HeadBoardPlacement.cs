using Halo.Grains.Models;
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

/// <summary>
/// Looks up the head board in the newest plan. Where there is none, or it is gone, it is the one that the user named, else the first board that
/// has the model's file, else any: the model's grain then says that there is no such model.
/// </summary>
/// <param name="plans">This silo's plans.</param>
/// <param name="boards">Boards and their silos.</param>
/// <param name="options">What the user asks of plans.</param>
public sealed class HeadBoardPlacementDirector(PlanCatalog plans, BoardMap boards, PlanOptions options) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        string model = GrainKeys.ModelOf(target.GrainIdentity.Key.ToString()!);
        string? head = plans.Newest(model)?.HeadBoard ?? options.HeadBoard;
        return Task.FromResult((head is null ? null : boards.Find(head, silos)) ?? boards.FindHolder(model, silos) ?? silos.Order().First());
    }
}
