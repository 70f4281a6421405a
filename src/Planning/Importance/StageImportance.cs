namespace Halo.Planning.Importance;

/// <summary>What calibration has learned of one stage.</summary>
public sealed record StageImportance
{
    /// <summary>
    /// The importance of each group, in the order of the groups: the mean over tokens of <c>||y_g|| / ||y||</c>, where <c>y_g</c> is the group's part
    /// of the stage's output <c>y</c>. The static ranking.
    /// </summary>
    public required IReadOnlyList<float> Mean { get; init; }
}
