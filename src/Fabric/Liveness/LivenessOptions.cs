namespace Halo.Fabric.Liveness;

/// <summary>When silence means what.</summary>
public sealed record LivenessOptions
{
    /// <summary>Time from ping to ping; 1 ms to 10 s.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Silence after which a process is suspect; at least two ping intervals, so that one lost ping is nothing.</summary>
    public TimeSpan SuspectAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Silence after which a process is dead; longer than <see cref="SuspectAfter"/>, at most an hour.</summary>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How far apart two refusals in a row may lie to mean that the port is closed; at least one ping interval. One alone proves
    /// little: it may be old, come from a firewall that is being reloaded, or be forged by whoever guesses the port.
    /// </summary>
    public TimeSpan RefusalWindow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// By how much this process's own clockwork may be late; more, and it was stopped itself (a suspended laptop), so that silence
    /// is counted anew. Above zero.
    /// </summary>
    public TimeSpan PauseTolerance { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Checks that the times fit together.</summary>
    /// <exception cref="ArgumentException">They do not; the message names the first that is wrong and what it may be.</exception>
    public void Validate()
    {
        Check(PingInterval >= TimeSpan.FromMilliseconds(1) && PingInterval <= TimeSpan.FromSeconds(10),
            nameof(PingInterval), PingInterval, "between 1 ms and 10 s");
        Check(SuspectAfter >= 2 * PingInterval, nameof(SuspectAfter), SuspectAfter, "at least two ping intervals");
        Check(DeadAfter > SuspectAfter && DeadAfter <= TimeSpan.FromHours(1), nameof(DeadAfter), DeadAfter,
            $"longer than {nameof(SuspectAfter)} and at most an hour");
        Check(RefusalWindow >= PingInterval, nameof(RefusalWindow), RefusalWindow, "at least one ping interval");
        Check(PauseTolerance > TimeSpan.Zero, nameof(PauseTolerance), PauseTolerance, "above zero");
    }

    private static void Check(bool holds, string name, TimeSpan value, string range)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} is {value.TotalSeconds:0.###} s; it must be {range}.");
        }
    }
}
