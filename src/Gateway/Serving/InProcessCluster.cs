using Halo.Inference.Tokenization;
using Halo.Silo;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>Boards in the gateway's own process.</summary>
internal sealed class InProcessCluster : IServingCluster
{
    private readonly HaloCluster _cluster;

    private InProcessCluster(HaloCluster cluster) => _cluster = cluster;

    public IGrainFactory Grains => _cluster.Grains;

    public static async Task<IServingCluster> StartAsync(HaloClusterOptions options, ILoggerFactory logging, CancellationToken cancellationToken) =>
        new InProcessCluster(await HaloCluster.StartAsync(options, logging, cancellationToken: cancellationToken));

    public ITokenizer TokenizerOf(string model) => _cluster.Models.Open(model).Tokenizer;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
