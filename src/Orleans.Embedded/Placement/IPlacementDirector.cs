namespace Orleans.Runtime.Placement;

/// <summary>As upstream: chooses the silo of a new or migrating activation. Runs on the silo that addresses the grain.</summary>
public interface IPlacementDirector
{
    /// <summary>The request context key under which a caller may put a <see cref="SiloAddress"/> as its wish.</summary>
    const string PlacementHintKey = nameof(PlacementHintKey);

    /// <summary>Chooses a silo.</summary>
    Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);

    /// <summary>The caller's wish, if it is one of these silos.</summary>
    static SiloAddress? GetPlacementHint(Dictionary<string, object> requestContextData, SiloAddress[] compatibleSilos) =>
        requestContextData.GetValueOrDefault(PlacementHintKey) is SiloAddress hint && compatibleSilos.Contains(hint) ? hint : null;
}

/// <summary>As upstream: what a placement director knows of the cluster.</summary>
public interface IPlacementContext
{
    /// <summary>The active silos that can host the grain, in start order.</summary>
    SiloAddress[] GetCompatibleSilos(PlacementTarget target);
}

/// <summary>As upstream: the grain to place, and the request that addresses it.</summary>
/// <param name="grainIdentity">The grain.</param>
/// <param name="requestContextData">The request context.</param>
#pragma warning disable CA1815 // Upstream's shape: no equality.
public readonly struct PlacementTarget(GrainId grainIdentity, Dictionary<string, object> requestContextData)
#pragma warning restore CA1815
{
    /// <summary>The grain.</summary>
    public GrainId GrainIdentity { get; } = grainIdentity;

    /// <summary>The request context.</summary>
    public Dictionary<string, object> RequestContextData { get; } = requestContextData;
}
