using Halo.Lab.Net;

namespace Halo.Lab.Tests;

/// <summary>A fact that makes network namespaces and is skipped, with the reason, where this process may not.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = LabRights.Missing();
}
