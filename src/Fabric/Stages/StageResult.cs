namespace Halo.Fabric.Stages;

/// <summary>How an all-reduce ended for one board.</summary>
public enum StageResult
{
    /// <summary>Every partial sum is in the total.</summary>
    Complete,

    /// <summary>The step was given up, by this board or by another; the reason is the transport's failure text.</summary>
    Aborted,
}
