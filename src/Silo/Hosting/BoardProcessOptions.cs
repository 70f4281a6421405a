using System.Net;
using Halo.Fabric.Datagrams;
using Halo.Inference.Model;
using Halo.Inference.Model.Streaming;

namespace Halo.Silo.Hosting;

/// <summary>How a board process runs.</summary>
internal sealed record BoardProcessOptions
{
    internal const int DefaultPort = 5100;

    /// <summary>The board's name, unique in the cluster.</summary>
    internal required string Name { get; init; }

    /// <summary>The file with the cluster's key.</summary>
    internal required string KeyFile { get; init; }

    /// <summary>The address to listen on, for all ports.</summary>
    internal IPAddress Address { get; init; } = IPAddress.IPv6Any;

    /// <summary>TCP port of the control endpoint; 0 for any that is free.</summary>
    internal int ControlPort { get; init; } = DefaultPort;

    /// <summary>TCP port for streams of other boards and UDP port for heartbeats; 0 for any that are free.</summary>
    internal int DataPort { get; init; } = DefaultPort + 1;

    /// <summary>UDP port for datagrams of other boards, 0 for any that is free; null for the one after <see cref="DataPort"/> where that is free, else any.</summary>
    internal int? UdpPort { get; init; }

    /// <summary>Where datagrams are taken.</summary>
    internal UdpPort Datagrams => (UdpPort, DataPort) switch
    {
        (int given, _) => new UdpPort(given, IsRequired: given != 0),
        (_, > 0 and < IPEndPoint.MaxPort) => new UdpPort(DataPort + 1, IsRequired: false),
        _ => default,
    };

    /// <summary>PEM file with the certificate that the control endpoint shows; null serves it without TLS.</summary>
    internal string? TlsCertificate { get; init; }

    /// <summary>PEM file with that certificate's private key; null where it is in the same file.</summary>
    internal string? TlsKey { get; init; }

    /// <summary>PEM file with certificates to trust where <see cref="Join"/> begins with https; null for whom this machine trusts.</summary>
    internal string? TlsTrust { get; init; }

    /// <summary>The head process to join; null waits until one comes by itself.</summary>
    internal Uri? Join { get; init; }

    /// <summary>Where others reach this board, if that is not where its requests come from.</summary>
    internal string? AdvertisedHost { get; init; }

    /// <summary>Compute threads.</summary>
    internal int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Relative speed that counts instead of the measured rate; null measures.</summary>
    internal double? Speed { get; init; }

    /// <summary>Memory for shards, KV and buffers, in bytes; null takes most of what the machine allows.</summary>
    internal long? MemoryBytes { get; init; }

    /// <summary>How weights are streamed that do not fit the memory that was given.</summary>
    internal StreamingOptions Streaming { get; init; } = new();

    /// <summary>Model files of this board: where one is what the head process serves, no weights are sent.</summary>
    internal IReadOnlyList<string> ModelFiles { get; init; } = [];

    /// <summary>Where shards of such a file compute from.</summary>
    internal WeightMode Weights { get; init; }

    /// <summary>Where weights that were sent are kept.</summary>
    internal string CacheFolder { get; init; } = CacheFolders.Default;

    /// <summary>The most bytes of weights that are kept; null takes most of what the volume has.</summary>
    internal long? CacheBytes { get; init; }
}
