namespace Halo.Silo.Membership;

/// <summary>How a board stands to the cluster.</summary>
public enum BoardState
{
    /// <summary>Not reached yet.</summary>
    Connecting,

    /// <summary>In service.</summary>
    Alive,

    /// <summary>In service, but silent for more than a second.</summary>
    Suspect,

    /// <summary>Lost; it is taken into service again when it answers.</summary>
    Dead,
}
