namespace Halo.Planning.Replanning;

/// <summary>When a plan is made again.</summary>
public sealed record ReplanRule
{
    /// <summary>A board's packet loss rate that moved by more than this asks for a look: 1 percentage point.</summary>
    public double LossChange { get; init; } = 0.01;

    /// <summary>A board's speed that moved by more than this share asks for a look.</summary>
    public double SpeedChange { get; init; } = 0.10;

    /// <summary>Share of the planner's objective that a new plan must gain: less is not worth moving weights for.</summary>
    public double LeastGain { get; init; } = 0.01;

    /// <summary>Looks in a row at which the gain must have been there.</summary>
    public int Looks { get; init; } = 3;
}
