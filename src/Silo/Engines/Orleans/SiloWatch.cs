using System.Net.Sockets;
using System.Threading.Channels;
using Halo.Boards;
using Halo.Boards.Peers;
using Halo.Grains;
using Halo.Grains.Placement;
using Halo.Planning.Assignment;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Engines;

/// <summary>
/// Watches silos come and go, for one silo: ends what waits for boards that are gone, tells grains, and has plans made anew. What the fabric notices
/// first, a connection that was reset, it proves by a port that refuses, and tells the membership.
/// </summary>
internal sealed class SiloWatch : IAsyncDisposable
{
    private const int Proofs = 10;

    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_ask = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_namesakes = TimeSpan.FromSeconds(12); // a dead one is known to be dead by then

    private readonly IClusterMembershipService _membership;
    private readonly ILocalSiloDetails _self;
    private readonly BoardMap _boards;
    private readonly BoardHost _host;
    private readonly SiloChanges _changes;
    private readonly PlanCatalog _plans;
    private readonly ModelCatalog _models;
    private readonly IGrainFactory _grains;
    private readonly PeerBoards _peers;
    private readonly string _name;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _ending = new();
    private readonly Channel<bool> _planning = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Task _running = Task.CompletedTask;

    public SiloWatch(
        IClusterMembershipService membership, ILocalSiloDetails self, BoardMap boards, BoardHost host, SiloChanges changes, PlanCatalog plans,
        ModelCatalog models, IGrainFactory grains, PeerBoards peers, string name, ILogger log)
    {
        _membership = membership;
        _self = self;
        _boards = boards;
        _host = host;
        _changes = changes;
        _plans = plans;
        _models = models;
        _grains = grains;
        _peers = peers;
        _name = name;
        _log = log;
    }

    internal void Start() => _running = Task.WhenAll(Task.Run(WatchAsync), Task.Run(PlanAsync));

    /// <summary>Sees to it that no other board has this one's name. One that had it before and is dead is waited for.</summary>
    /// <exception cref="IOException">One has.</exception>
    internal async Task CheckNameAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_namesakes);
        using PeriodicTimer timer = new(s_ask);
        while (!_boards.KnowsAll || Namesake() is not null)
        {
            try
            {
                if (Namesake() is { } before && await IsRefusedAsync(before))
                {
                    await _membership.TryKill(before);
                }

                await timer.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Namesake() is { } other)
                {
                    throw new IOException($"A board named {_name} is in the cluster already, at {other.Endpoint}. Every board needs a name of its own: start this one with another --name.");
                }

                return;
            }
        }
    }

    /// <summary>A board does not answer: what runs on it ends, and if its process is gone, so is its silo.</summary>
    internal void Lose(string board, string reason)
    {
        _host.LoseBoard(board, reason);
        Suspect(board);
    }

    /// <summary>A board may be gone: where its silo's port refuses, nobody listens there any more, which needs no vote.</summary>
    internal void Suspect(string board)
    {
        if (_boards.SiloOf(board) is { } silo && !_ending.IsCancellationRequested)
        {
            _ = Task.Run(() => ProveAsync(board, silo));
        }
    }

    /// <summary>
    /// The process is about to end, on purpose: plans are made without its board first, so that what runs can go on. Where it is the head board what
    /// runs ends with it, and may come to its end first.
    /// </summary>
    internal async Task WithdrawAsync(TimeSpan patience)
    {
        using CancellationTokenSource enough = new(patience);
        IEnumerable<Plan> mine = _plans.Models.Select(_plans.Newest).OfType<Plan>().Where(plan => plan.Boards.Contains(_name));
        await Task.WhenAll(mine.ToList().Select(async plan =>
        {
            try
            {
                await (plan.HeadBoard == _name
                    ? DrainAsync(_grains.GetGrain<ISchedulerGrain>(plan.Model), enough.Token)
                    : _grains.GetGrain<IModelGrain>(plan.Model).WithdrawBoardAsync(_name).WaitAsync(enough.Token));
            }
            catch (Exception fault)
            {
                EngineLog.NotWithdrawn(_log, _name, plan.Model, fault.Message);
            }
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _planning.Writer.TryComplete();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private SiloAddress? Namesake() => _boards.SilosOf(_name).FirstOrDefault(silo => !silo.Equals(_self.SiloAddress));

    private static async Task DrainAsync(ISchedulerGrain scheduler, CancellationToken enough)
    {
        await scheduler.DrainAsync().WaitAsync(enough);
        using PeriodicTimer timer = new(s_ask);
        while (await scheduler.GetStatisticsAsync().WaitAsync(enough) is { RunningCount: > 0 } or { WaitingCount: > 0 })
        {
            await timer.WaitForNextTickAsync(enough);
        }
    }

    // A process that dies closes its sockets one after the other: its port may be open for a moment after a connection told of it.
    private async Task ProveAsync(string board, SiloAddress silo)
    {
        for (int attempt = 0; attempt < Proofs && !_ending.IsCancellationRequested; attempt++)
        {
            if (await IsRefusedAsync(silo))
            {
                EngineLog.Gone(_log, board);
                await _membership.TryKill(silo);
                return;
            }

            await Task.Delay(s_ask, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<bool> IsRefusedAsync(SiloAddress silo)
    {
        try
        {
            using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
            using CancellationTokenSource patience = new(s_connect);
            await socket.ConnectAsync(silo.Endpoint, patience.Token);
            return false;
        }
        catch (SocketException fault)
        {
            return fault.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException)
        {
            return false; // silence proves nothing: the probes decide
        }
    }

    private async Task WatchAsync()
    {
        Dictionary<SiloAddress, string> known = [];
        await foreach (ClusterMembershipSnapshot snapshot in _membership.MembershipUpdates.WithCancellation(_ending.Token))
        {
            _peers.Refresh();
            foreach ((SiloAddress silo, string board) in known.Where(entry => snapshot.GetSiloStatus(entry.Key) == SiloStatus.Dead).ToList())
            {
                known.Remove(silo);
                _host.LoseBoard(board, $"Board {board} is lost: its silo is dead.");
            }

            await LearnAsync();
            foreach (SiloAddress silo in snapshot.Members.Keys)
            {
                // Another silo that took the name of a board and could not have it is none.
                if (_boards.NameOf(silo) is { } board && silo.Equals(_boards.SiloOf(board)))
                {
                    known[silo] = board;
                }
            }

            _changes.Raise();
            EngineLog.Boards(_log, string.Join(", ", _boards.ActiveBoards));
            _planning.Writer.TryWrite(true);
        }
    }

    // What a silo says of itself comes a moment after the silo.
    private async Task LearnAsync()
    {
        _changes.Raise();
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        using PeriodicTimer timer = new(s_ask);
        try
        {
            while (!_boards.KnowsAll)
            {
                await timer.WaitForNextTickAsync(patience.Token);
            }
        }
        catch (OperationCanceledException)
        {
            _ending.Token.ThrowIfCancellationRequested();
        }
    }

    // What is served is planned anew at once, so that no request has to wait for it. Every silo that could be its head asks; one answers.
    private async Task PlanAsync()
    {
        await foreach (bool _ in _planning.Reader.ReadAllAsync(_ending.Token))
        {
            foreach (string model in _models.Names.Where(model => _plans.Newest(model) is not null))
            {
                try
                {
                    await _grains.GetGrain<IModelGrain>(model).EnsureReadyAsync().WaitAsync(_ending.Token);
                }
                catch (Exception fault) when (!_ending.IsCancellationRequested)
                {
                    EngineLog.NotReplanned(_log, model, fault.Message);
                }
            }
        }
    }
}
