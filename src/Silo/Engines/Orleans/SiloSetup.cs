using System.Net;
using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Planning.Profiles;
using Halo.Silo.Clustering;
using Halo.Silo.Hosting;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Engines;

/// <summary>What stays the same however often a process joins its cluster.</summary>
internal sealed record SiloSetup
{
    /// <summary>How the process runs; all ports but the data port are chosen, and the host to advertise is an address.</summary>
    internal required SiloProcessOptions Options { get; init; }

    /// <summary>Where the cluster's membership is kept.</summary>
    internal required MembershipStore Store { get; init; }

    /// <summary>The cluster's key.</summary>
    internal required ClusterKey Key { get; init; }

    /// <summary>What the control endpoint shows; null serves it without TLS.</summary>
    internal ServerCertificate? Certificate { get; init; }

    /// <summary>Whom to trust over TLS; whom this machine trusts where null.</summary>
    internal TlsTrust? Trust { get; init; }

    /// <summary>What the board can do.</summary>
    internal required BoardProfile Profile { get; init; }

    /// <summary>Where to log.</summary>
    internal required ILoggerFactory Logging { get; init; }

    /// <summary>The address that others reach.</summary>
    internal IPAddress Address => IPAddress.Parse(Options.Board.AdvertisedHost!);

    /// <summary>The control endpoint that others reach.</summary>
    internal Uri Control => new UriBuilder(Certificate is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps, Options.Board.AdvertisedHost!, Options.Board.ControlPort).Uri;
}
