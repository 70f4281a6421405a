using Halo.Boards.Remote;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Grains;
using Halo.Inference.Quantization;

namespace Halo.Silo.Hosting;

/// <summary>How a board's process runs as a silo of a cluster.</summary>
internal sealed record SiloProcessOptions
{
    internal const int DefaultSiloPort = 5110;
    internal const string DefaultClusterId = "halo";

    /// <summary>The board.</summary>
    internal required BoardProcessOptions Board { get; init; }

    /// <summary>Where the cluster's membership is kept: see <see cref="Clustering.MembershipStore.Parse"/>.</summary>
    internal required string Cluster { get; init; }

    /// <summary>The cluster's name: one database can serve several.</summary>
    internal string ClusterId { get; init; } = DefaultClusterId;

    /// <summary>TCP port for the other silos; 0 for any that is free.</summary>
    internal int SiloPort { get; init; } = DefaultSiloPort;

    /// <summary>TCP port for gateways; 0 for any that is free.</summary>
    internal int GatewayPort { get; init; } = DefaultSiloPort + 1;

    /// <summary>Model files by the name they are served under.</summary>
    internal IReadOnlyDictionary<string, string> Models { get; init; } = new Dictionary<string, string>();

    /// <summary>How partial sums travel, where this board is the head board.</summary>
    internal SessionTransport Transport { get; init; } = new(Topology.Mesh, WireType.F32);

    /// <summary>Positions of KV for all sequences together, where this board is the head board; null lets the planner choose.</summary>
    internal int? KvPositions { get; init; }

    /// <summary>How keys and values are kept; the same on all silos.</summary>
    internal KvType KvType { get; init; }

    /// <summary>Tokens that are guessed ahead where a request does not say and this board is the head board: as in <see cref="Speculation"/>.</summary>
    internal int Speculate { get; init; } = Speculation.Auto;

    /// <summary>Whether this board holds attention and feed-forward shards where it is the head board and not alone.</summary>
    internal bool HeadHoldsShards { get; init; } = true;
}
