using Halo.Grains;
using Halo.Inference.Tokenization;
using Halo.Silo.Clustering;
using Halo.Silo.Engines;
using Halo.Silo.Membership;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>Boards whose silos are other processes; this one is a client of their grains.</summary>
internal sealed class SiloCluster : IServingCluster
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly GrainClient _client;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _refreshing;
    private TaskCompletionSource _siloLost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SiloClusterView _view = SiloClusterView.Empty;

    private SiloCluster(GrainClient client, SiloClusterView view, TimeProvider time)
    {
        _client = client;
        _time = time;
        _view = view;
        _refreshing = RefreshAsync();
    }

    public IGrainFactory Grains => _client.Grains;

    public bool ModelsMayCome => true;

    public bool BoardsMayCome => true;

    public IReadOnlyList<string> ModelNames => Volatile.Read(ref _view).ModelNames;

    public IReadOnlyList<BoardView> Boards => Volatile.Read(ref _view).Boards;

    public Task SiloLost => Volatile.Read(ref _siloLost).Task;

    /// <summary>Connects, and waits for the first silo as long as it takes.</summary>
    public static async Task<IServingCluster> StartAsync(
        MembershipStore store, string clusterId, ILoggerFactory logging, TimeProvider time, CancellationToken cancellationToken)
    {
        GrainClient client = await GrainEngine.ConnectAsync(store, clusterId, logging, cancellationToken);
        return new SiloCluster(client, SiloClusterView.Empty, time);
    }

    public Task<IReadOnlyList<BoardView>> ConnectAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<BoardView>>([]);

    public Task<string?> JoinAsync(string name, string instance, Uri address) =>
        Task.FromResult<string?>("This gateway serves a cluster of silos, which boards join with --cluster instead of --join.");

    public bool IsHead(BoardView board) => Volatile.Read(ref _view).HeadBoards.Contains(board.Name);

    // The tokenizers are where the models are: prompts are checked by the grains.
    public ITokenizer? TokenizerOf(string model) => null;

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _refreshing;
        await _client.DisposeAsync();
        _ending.Dispose();
    }

    private async Task RefreshAsync()
    {
        using PeriodicTimer timer = new(s_interval, _time);
        try
        {
            do
            {
                Take(await AskAsync());
            }
            while (await timer.WaitForNextTickAsync(_ending.Token));
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The gateway ends.
        }
    }

    private void Take(SiloClusterView next)
    {
        bool isLost = next.HasLost(_view);
        Volatile.Write(ref _view, next);
        if (isLost)
        {
            Interlocked.Exchange(ref _siloLost, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    private async Task<SiloClusterView> AskAsync()
    {
        try
        {
            ClusterStatus status = await Grains.GetGrain<IClusterGrain>("cluster").GetStatusAsync().WaitAsync(s_patience, _time, _ending.Token);
            return _view.Next(status);
        }
        catch (Exception fault) when (!_ending.IsCancellationRequested)
        {
            return _view.Unanswered(fault.Message);
        }
    }
}
