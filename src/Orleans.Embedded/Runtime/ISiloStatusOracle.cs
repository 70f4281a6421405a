namespace Orleans.Runtime;

/// <summary>The life of a silo.</summary>
public enum SiloStatus
{
    /// <summary>Unknown.</summary>
    None = 0,

    /// <summary>Not started.</summary>
    Created = 1,

    /// <summary>Starting.</summary>
    Joining = 2,

    /// <summary>Takes grains.</summary>
    Active = 3,

    /// <summary>Stops gracefully: deactivates its grains, takes no new ones.</summary>
    ShuttingDown = 4,

    /// <summary>Stops at once.</summary>
    Stopping = 5,

    /// <summary>Gone.</summary>
    Dead = 6,
}

/// <summary>Questions about a state.</summary>
public static class SiloStatusExtensions
{
    /// <summary>Whether the silo ends or has ended.</summary>
    public static bool IsTerminating(this SiloStatus siloStatus) => siloStatus >= SiloStatus.ShuttingDown;
}

/// <summary>What a silo knows of the silos.</summary>
public interface ISiloStatusOracle
{
    /// <summary>The state of this silo.</summary>
    public SiloStatus CurrentStatus { get; }

    /// <summary>The name of this silo.</summary>
    public string SiloName { get; }

    /// <summary>The address of this silo.</summary>
    public SiloAddress SiloAddress { get; }

    /// <summary>The active silos, in start order.</summary>
    public SiloAddress[] GetActiveSilos();

    /// <summary>The state of a silo; <see cref="SiloStatus.None"/> if it is not known.</summary>
    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress);

    /// <summary>The states of all silos.</summary>
    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false);

    /// <summary>The name of a silo.</summary>
    public bool TryGetSiloName(SiloAddress siloAddress, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? siloName);

    /// <summary>Whether a silo is dead.</summary>
    public bool IsDeadSilo(SiloAddress silo);
}

/// <summary>Who this silo is.</summary>
public interface ILocalSiloDetails
{
    /// <summary>The name given in <see cref="Configuration.SiloOptions"/>.</summary>
    public string Name { get; }

    /// <summary>The cluster.</summary>
    public string ClusterId { get; }

    /// <summary>The address of this life of the silo.</summary>
    public SiloAddress SiloAddress { get; }
}
