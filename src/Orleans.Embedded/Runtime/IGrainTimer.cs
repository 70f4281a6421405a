using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>A timer whose callbacks run on the grain's turns; disposing stops it.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets when the next callback comes, and the period after it.</summary>
    public void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>When a grain timer calls back, and how.</summary>
#pragma warning disable CA1815 // Upstream's shape: no equality.
public readonly struct GrainTimerCreationOptions()
#pragma warning restore CA1815
{
    /// <param name="dueTime">Time to the first callback.</param>
    /// <param name="period">Time from the end of a callback to the next; infinite for one callback.</param>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Time to the first callback.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>Time from the end of a callback to the next; <see cref="Timeout.InfiniteTimeSpan"/> for one callback.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether callbacks interleave with requests; by default they wait for their turn.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether callbacks keep the grain from idle collection.</summary>
    public bool KeepAlive { get; init; }
}
