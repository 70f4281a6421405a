namespace Halo.Fabric.Liveness;

/// <summary>What is known of a process from its heartbeats.</summary>
public enum LivenessState
{
    /// <summary>It answers.</summary>
    Alive,

    /// <summary>It has been silent for a while; it may answer again, and then goes on where it was.</summary>
    Suspect,

    /// <summary>It answers, and says that it is about to end; told once, and not a state in which it is found.</summary>
    Leaving,

    /// <summary>It is gone, or was silent for too long. Final, until it is watched anew.</summary>
    Dead,
}

/// <summary>A process went from one state to another.</summary>
/// <param name="Name">The process, as it is watched.</param>
/// <param name="Old">The state before.</param>
/// <param name="New">The state now.</param>
/// <param name="Reason">Why, to follow its name: "silent for 5.0 s", "its port is closed", "it answers again", or what was reported.</param>
public readonly record struct LivenessChange(string Name, LivenessState Old, LivenessState New, string Reason);
