using Halo.Grains;
using Halo.Inference.Templates;
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
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly int[] _asked = [1, 2, 3]; // keys of cluster grains
    private readonly GrainClient _client;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _refreshing;
    private TaskCompletionSource _siloLost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _lastAsked = 3;
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

    public ChatTemplate? TemplateOf(string model) => null;

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

    // Several grains are asked, as each is on one silo, and reached through one, that may have frozen. Where one does not answer another is asked
    // in its place from then on.
    private async Task<SiloClusterView> AskAsync()
    {
        List<Task<ClusterStatus>> asked = [.. _asked.Select(key => Grains.GetGrain<IClusterGrain>($"{key}").GetStatusAsync().WaitAsync(s_patience, _time, _ending.Token))];
        string? fault = null;
        await foreach (Task<ClusterStatus> answer in Task.WhenEach(asked))
        {
            if (answer.IsCompletedSuccessfully)
            {
                _ = ReplaceSilentAsync(asked);
                return _view.Next(await answer);
            }

            _ending.Token.ThrowIfCancellationRequested();
            fault = answer.Exception?.InnerException?.Message;
        }

        await ReplaceSilentAsync(asked);
        return _view.Unanswered(fault ?? "the questions were cancelled");
    }

    private async Task ReplaceSilentAsync(List<Task<ClusterStatus>> asked)
    {
        for (int index = 0; index < asked.Count; index++)
        {
            await ((Task)asked[index]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!asked[index].IsCompletedSuccessfully)
            {
                _asked[index] = Interlocked.Increment(ref _lastAsked);
            }
        }
    }
}
