using Halo.Silo.Engines;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>A fact about silos in processes of their own; skipped, with the reason, where the build cannot have them or a shared file is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SiloFactAttribute : FactAttribute
{
    public SiloFactAttribute() => Skip = SiloSkip.Reason;
}

/// <summary>A theory about silos in processes of their own; skipped as facts are.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SiloTheoryAttribute : TheoryAttribute
{
    public SiloTheoryAttribute() => Skip = SiloSkip.Reason;
}

internal static class SiloSkip
{
    internal static string? Reason { get; } = GrainEngine.ClusterFault is null
        ? new SharedFactAttribute(Story.SharedModel, Story.SharedReference).Skip
        : "needs a build with the Orleans engine (-p:GrainEngine=Orleans)";

    /// <summary>Why what takes long is not tried now; null in the nightly run.</summary>
    internal static string? Nightly { get; } = Testing.Nightly.IsNow ? null : "only in the nightly run (HALO_REPEATS=20 or more)";
}
