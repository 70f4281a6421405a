using Halo.Inference.Templates;
using Halo.Inference.Tokenization;
using Halo.Silo;
using Halo.Silo.Membership;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>Boards in the gateway's own process, and those in others that serve it.</summary>
internal sealed class InProcessCluster : IServingCluster
{
    private readonly HaloCluster _cluster;

    private InProcessCluster(HaloCluster cluster) => _cluster = cluster;

    public IGrainFactory Grains => _cluster.Grains;

    public bool BoardsMayCome => _cluster.IsNetworked;

    public bool ModelsMayCome => false;

    public IReadOnlyList<string> ModelNames => [.. _cluster.Models.Names];

    public IReadOnlyList<BoardView> Boards => _cluster.BoardViews;

    public Task SiloLost { get; } = new TaskCompletionSource().Task;

    public static async Task<IServingCluster> StartAsync(
        HaloClusterOptions options, ILoggerFactory logging, HeadIdentity? identity, CancellationToken cancellationToken) =>
        new InProcessCluster(await HaloCluster.StartAsync(options, logging, identity, cancellationToken));

    public Task<IReadOnlyList<BoardView>> ConnectAsync(CancellationToken cancellationToken) => _cluster.ConnectAsync(cancellationToken);

    public Task<string?> JoinAsync(string name, string instance, Uri address) => _cluster.JoinAsync(name, instance, address);

    public bool IsHead(BoardView board) => board.Address is null && board.Name == _cluster.Boards.Boards[0].Name;

    public ITokenizer? TokenizerOf(string model) => _cluster.Models.Open(model).Tokenizer;

    public ChatTemplate? TemplateOf(string model) => ChatTemplate.Of(_cluster.Models.Open(model).Weights.File.Metadata);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
