namespace Halo.Lab.Model;

/// <summary>
/// Gilbert-Elliott bursts in time: a link is good or bad for periods of exponential length, and loses all it carries while it is bad. Time passes for
/// idle links too.
/// </summary>
/// <param name="MeanBad">Mean length of a bad period, above 0.</param>
/// <param name="BadShare">Share of the time that is bad, above 0 and below 1.</param>
public sealed record BurstSettings(TimeSpan MeanBad, double BadShare)
{
    /// <summary>Mean length of a good period, which the two others leave.</summary>
    public TimeSpan MeanGood => MeanBad * ((1 - BadShare) / BadShare);
}
