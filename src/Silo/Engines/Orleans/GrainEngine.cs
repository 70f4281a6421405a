using Halo.Silo.Clustering;
using Halo.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Halo.Silo.Engines;

/// <summary>What this build's grain engine can do beyond one process: Orleans hosts silos anywhere.</summary>
public static class GrainEngine
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(1); // a request given to a gateway silo that has died waits for no longer
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(3);

    /// <summary>Why this build cannot take part in a cluster of silos; null where it can.</summary>
    public static string? ClusterFault => null;

    /// <summary>Connects to a cluster's grains; waits for the first silo as long as it takes.</summary>
    /// <param name="store">Where its membership is kept.</param>
    /// <param name="clusterId">Its name.</param>
    /// <param name="logging">Where to log.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MembershipStoreException">The membership store cannot be used.</exception>
    public static async Task<GrainClient> ConnectAsync(MembershipStore store, string clusterId, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        await store.InitializeAsync(cancellationToken);
        ILogger log = logging.CreateLogger("Halo.Cluster");
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.Replace(ServiceDescriptor.Singleton(logging));
        builder.Services.AddHaloExceptions();
        builder.UseOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (clusterId, clusterId));
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = s_refresh);
            client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (store.Invariant, store.ConnectionString));
            client.UseConnectionRetryFilter(async (fault, cancellation) =>
            {
                EngineLog.Waiting(log, store.Description, fault.Message);
                await Task.Delay(s_retry, cancellation);
                return true;
            });
        });
        IHost host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken);
        }
        catch
        {
            host.Dispose();
            throw;
        }

        return new GrainClient(host.Services.GetRequiredService<IClusterClient>(), async () =>
        {
            using CancellationTokenSource patience = new(s_farewell);
            await host.StopAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            host.Dispose();
        });
    }

    /// <summary>Runs a board's process as a silo of a cluster, until it is stopped.</summary>
    /// <param name="options">How.</param>
    /// <param name="output">Where it says, in one line, that it is there.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="MembershipStoreException">The membership store cannot be used.</exception>
    internal static Task RunSiloAsync(SiloProcessOptions options, TextWriter output, CancellationToken cancellationToken) =>
        new SiloProcess(options, output).RunAsync(cancellationToken);
}
