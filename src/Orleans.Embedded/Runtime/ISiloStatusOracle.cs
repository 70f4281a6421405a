namespace Orleans.Runtime;

/// <summary>As upstream: the life of a silo. The other states of upstream's do not arise here.</summary>
public enum SiloStatus
{
    /// <summary>Unknown.</summary>
    None = 0,

    /// <summary>Not started.</summary>
    Created = 1,

    /// <summary>Takes grains.</summary>
    Active = 3,

    /// <summary>Deactivates its grains, takes no new ones.</summary>
    ShuttingDown = 4,

    /// <summary>Gone.</summary>
    Dead = 6,
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
