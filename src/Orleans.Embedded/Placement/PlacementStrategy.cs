using Orleans.Runtime.Placement;

namespace Orleans.Runtime;

/// <summary>As upstream: names how a grain class is placed; an <see cref="IPlacementDirector"/> carries it out.</summary>
public abstract class PlacementStrategy;

/// <summary>As upstream: any silo. Here the default.</summary>
public sealed class RandomPlacement : PlacementStrategy;

internal sealed class RandomPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        return Task.FromResult(
            IPlacementDirector.GetPlacementHint(target.RequestContextData, silos) ?? silos[Random.Shared.Next(silos.Length)]);
    }
}
