namespace Orleans.Runtime;

/// <summary>Names how a grain class is placed; an <see cref="Placement.IPlacementDirector"/> carries it out.</summary>
public abstract class PlacementStrategy
{
}

/// <summary>Any silo.</summary>
[GenerateSerializer]
[Immutable]
public sealed class RandomPlacement : PlacementStrategy
{
    internal static RandomPlacement Singleton { get; } = new();
}

/// <summary>The silo of the caller, if it can.</summary>
[GenerateSerializer]
[Immutable]
public sealed class PreferLocalPlacement : PlacementStrategy
{
    internal static PreferLocalPlacement Singleton { get; } = new();
}
