using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Halo.Cluster.Tests;

/// <summary>Which silo each grain belongs to; the tests write it, the director reads it.</summary>
public sealed class PlacementPlan
{
    private const string OnlyPrefix = "only ";

    /// <summary>No silo at all: the director refuses.</summary>
    public static string Nowhere { get; } = Only("a silo that there is not");

    public System.Collections.Concurrent.ConcurrentDictionary<string, string> SiloByGrain { get; } = new();

    /// <summary>This silo or none: where it cannot be had the director refuses. Without that any other will do.</summary>
    public static string Only(string siloName) => OnlyPrefix + siloName;

    /// <summary>What the plan says of a grain; null where it says nothing.</summary>
    public (string? Silo, bool IsOnly) Find(string grain)
    {
        string? planned = SiloByGrain.GetValueOrDefault(grain);
        return planned?.StartsWith(OnlyPrefix, StringComparison.Ordinal) == true ? (planned[OnlyPrefix.Length..], true) : (planned, false);
    }
}

[GenerateSerializer]
[Immutable]
public sealed class PlanPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class PlanPlacementAttribute() : PlacementAttribute(new PlanPlacement());

public sealed class PlanPlacementDirector(PlacementPlan plan, ISiloMetadataCache silos) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] compatible = context.GetCompatibleSilos(target);
        (string? wanted, bool isOnly) = plan.Find(target.GrainIdentity.Key.ToString()!);
        SiloAddress? chosen = IPlacementDirector.GetPlacementHint(target.RequestContextData, compatible)
            ?? compatible.FirstOrDefault(silo => silos.GetSiloMetadata(silo).Metadata.GetValueOrDefault("silo") == wanted)
            ?? (isOnly ? null : compatible.Min());
        return Task.FromResult(chosen ?? throw new OrleansException($"No silo fits {target.GrainIdentity.Key}."));
    }
}
