namespace Halo.Fabric.Stages;

/// <summary>Names one all-reduce.</summary>
/// <param name="PlanVersion">The plan under which the boards compute; sums of another version are refused.</param>
/// <param name="StepNumber">The step, counted by the head board.</param>
/// <param name="Stage">The stage within the step, from 0: attention of layer l is 2l, feed-forward 2l + 1.</param>
public readonly record struct StageKey(int PlanVersion, long StepNumber, int Stage)
{
    /// <summary>The layer the stage belongs to.</summary>
    public int Layer => Stage / 2;
}
