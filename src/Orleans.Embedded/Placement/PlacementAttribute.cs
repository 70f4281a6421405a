using Orleans.Runtime;

namespace Orleans.Placement;

/// <summary>As upstream: gives a grain class its placement strategy; derive from it for a strategy of one's own.</summary>
/// <param name="placement">The strategy.</param>
[AttributeUsage(AttributeTargets.Class)]
public abstract class PlacementAttribute(PlacementStrategy placement) : Attribute
{
    /// <summary>The strategy.</summary>
    public PlacementStrategy PlacementStrategy { get; } = placement;
}
