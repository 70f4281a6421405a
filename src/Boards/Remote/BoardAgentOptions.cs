using Halo.Fabric.Datagrams;

namespace Halo.Boards.Remote;

/// <summary>How a board process presents itself.</summary>
public sealed record BoardAgentOptions
{
    /// <summary>The board's name, unique in the cluster.</summary>
    public required string Name { get; init; }

    /// <summary>This process: another text after each start.</summary>
    public required string Instance { get; init; }

    /// <summary>Compute threads.</summary>
    public required int Threads { get; init; }

    /// <summary>The UDP port for datagrams of other boards.</summary>
    public UdpPort UdpPort { get; init; }

    /// <summary>Where other boards reach this one, if that is not where the head process does.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>A head process that is silent for so long is gone; what it left is cleared away.</summary>
    public TimeSpan HeadSilence { get; init; } = TimeSpan.FromSeconds(5);
}
