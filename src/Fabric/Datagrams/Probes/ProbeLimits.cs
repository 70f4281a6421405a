namespace Halo.Fabric.Datagrams.Probes;

/// <summary>How long boards try to reach each other with datagrams.</summary>
/// <param name="Talk">How long another board may take to tell its port, or later what came of the probes.</param>
/// <param name="Probes">How long probes are sent: what does not come through by then is blocked.</param>
internal readonly record struct ProbeLimits(TimeSpan Talk, TimeSpan Probes)
{
    /// <summary>Time between probes.</summary>
    internal static TimeSpan Interval { get; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Sixty probes: at a loss of one half they all fail once in 10^18 times.</summary>
    internal static TimeSpan UsualProbes { get; } = TimeSpan.FromSeconds(3);
}
