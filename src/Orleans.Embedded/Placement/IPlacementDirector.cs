namespace Orleans.Runtime.Placement;

/// <summary>Chooses the silo of a new or migrating activation. Runs on the silo that addresses the grain first.</summary>
public interface IPlacementDirector
{
    /// <summary>The request context key under which a caller may put a <see cref="SiloAddress"/> as its wish.</summary>
    public const string PlacementHintKey = nameof(PlacementHintKey);

    /// <summary>Chooses a silo.</summary>
    /// <param name="strategy">The strategy of the grain class.</param>
    /// <param name="target">The grain and the request that addresses it.</param>
    /// <param name="context">The silos there are.</param>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);

    /// <summary>The caller's wish, if it is one of these silos.</summary>
    public static SiloAddress? GetPlacementHint(Dictionary<string, object> requestContextData, SiloAddress[] compatibleSilos) =>
        requestContextData is not null
            && requestContextData.TryGetValue(PlacementHintKey, out object? value)
            && value is SiloAddress hint
            && compatibleSilos.Contains(hint)
            ? hint
            : null;
}

/// <summary>What a placement director knows of the cluster.</summary>
public interface IPlacementContext
{
    /// <summary>The active silos that can host the grain, in start order.</summary>
    public SiloAddress[] GetCompatibleSilos(PlacementTarget target);

    /// <summary>The silo that addresses the grain.</summary>
    public SiloAddress LocalSilo { get; }

    /// <summary>Its state.</summary>
    public SiloStatus LocalSiloStatus { get; }
}

/// <summary>The grain to place, and the request that addresses it.</summary>
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
