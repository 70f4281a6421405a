namespace Orleans.Runtime;

/// <summary>As upstream: the life of a silo. Here silos are active, shutting down or dead.</summary>
public enum SiloStatus
{
    /// <summary>Unknown.</summary>
    None,

    /// <summary>Not started.</summary>
    Created,

    /// <summary>Starting.</summary>
    Joining,

    /// <summary>Takes grains.</summary>
    Active,

    /// <summary>Deactivates its grains, takes no new ones.</summary>
    ShuttingDown,

    /// <summary>Stops at once.</summary>
    Stopping,

    /// <summary>Gone.</summary>
    Dead,
}

/// <summary>As upstream: what a silo knows of the silos.</summary>
public interface ISiloStatusOracle
{
    /// <summary>The states of all silos there have been, in start order.</summary>
    Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false);
}

/// <summary>As upstream: who this silo is.</summary>
public interface ILocalSiloDetails
{
    /// <summary>The name, as <c>Silo_0</c>.</summary>
    string Name { get; }

    /// <summary>The address of this life of the silo.</summary>
    SiloAddress SiloAddress { get; }
}
