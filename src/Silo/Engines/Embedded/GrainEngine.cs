using Halo.Silo.Clustering;
using Halo.Silo.Hosting;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Engines;

/// <summary>What this build's grain engine can do beyond one process: the embedded engine hosts all grains in one, so it says so.</summary>
public static class GrainEngine
{
    /// <summary>Why this build cannot take part in a cluster of silos; null where it can.</summary>
    public static string? ClusterFault => Missing;

    private const string Missing =
        "--cluster needs silos in several processes. This program was built with the embedded grain engine, which hosts all grains in one: "
        + "build it with -p:GrainEngine=Orleans, or leave --cluster out and let boards join the gateway (--key-file, --join).";

    /// <summary>Connects to a cluster's grains.</summary>
    /// <param name="store">Where its membership is kept.</param>
    /// <param name="clusterId">Its name.</param>
    /// <param name="logging">Where to log.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EngineException">This build cannot.</exception>
    public static Task<GrainClient> ConnectAsync(MembershipStore store, string clusterId, ILoggerFactory logging, CancellationToken cancellationToken) =>
        throw new EngineException(Missing);

    /// <summary>Runs a board's process as a silo of a cluster.</summary>
    /// <exception cref="EngineException">This build cannot.</exception>
    internal static Task RunSiloAsync(SiloProcessOptions options, TextWriter output, CancellationToken cancellationToken) => throw new EngineException(Missing);
}
