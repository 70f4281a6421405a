using Halo.Cli.Bench;

namespace Halo.Cli.Tests.Bench;

/// <summary>A fact of the nightly run that bounds memory by a control group; skipped, with the reason, where that cannot be, and in any other run.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NightlyControlGroupFactAttribute : FactAttribute
{
    public NightlyControlGroupFactAttribute() =>
        Skip = Nightly.IsNow ? ControlGroup.Missing() : "It writes and reads gigabytes: HALO_REPEATS=20 runs it.";
}
