using Halo.Boards.Weights;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams.Sessions;
using Halo.Inference.Model;
using Halo.Planning.Assignment;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Remote;

/// <summary>
/// What a board of a process of its own holds and follows: its shares of models that others gave it, with the weights they are made of, and the
/// sessions in which other boards are the head.
/// </summary>
internal sealed class BoardShares : IAsyncDisposable
{
    private readonly Board _board;
    private readonly int _threads;
    private readonly UdpPort _udpPort;
    private readonly ModelSources _sources;
    private readonly StreamListener _listener;
    private readonly ILogger _log;
    private readonly Action<string>? _onEnded;
    private readonly SemaphoreSlim _gate = new(1, 1); // sessions come and go one at a time
    private readonly Dictionary<Guid, AgentSession> _sessions = [];

    /// <param name="board">The board; owned from here on.</param>
    /// <param name="threads">Compute threads of a step.</param>
    /// <param name="udpPort">The board's port for datagrams.</param>
    /// <param name="sources">Where weights come from; owned from here on.</param>
    /// <param name="listener">Takes streams of other boards.</param>
    /// <param name="log">Where sessions and pieces are told.</param>
    /// <param name="onEnded">Called with the head board's name when a session has ended, whatever the reason; null for nobody.</param>
    internal BoardShares(
        Board board, int threads, UdpPort udpPort, ModelSources sources, StreamListener listener, ILogger log, Action<string>? onEnded = null)
    {
        _board = board;
        _threads = threads;
        _udpPort = udpPort;
        _sources = sources;
        _listener = listener;
        _log = log;
        _onEnded = onEnded;
    }

    /// <summary>Where sessions ask for it, partial sums go through grains by this; null where the board is no silo.</summary>
    internal SumsThroughGrains? ThroughGrains { get; set; }

    /// <summary>Gets ready to hold shards of a model.</summary>
    /// <returns>Whether this board can read the model's file itself.</returns>
    internal async Task<bool> OfferAsync(ModelOffer offer, CancellationToken cancellationToken)
    {
        (IShardSource source, bool hasFile) = await _sources.OpenAsync(offer.Name, offer.Manifest, cancellationToken);
        _board.Model(offer.Name, () => new BoardModel(
            _board.Name, offer.Name, source, offer.Profile, offer.Limits, _board.Profile.MemoryBytes,
            _board.Streaming is { } streaming ? () => _sources.Stream(offer.Name, streaming) : null));
        return hasFile;
    }

    /// <summary>The board's share of a model.</summary>
    /// <exception cref="StepException">It has none.</exception>
    internal BoardModel Share(string model) => Find(model) ?? throw new StepException($"Board {_board.Name} was not offered the model {model}.");

    internal ShareStatistics Statistics(string model) => Find(model) is { } share
        ? share.Statistics with { ReceivedWeightBytes = _sources.ReceivedBytes(model) }
        : ShareStatistics.None;

    internal SessionLinks Links(string model) => Find(model)?.Links ?? SessionLinks.None;

    /// <summary>Takes note of a plan, after checking that memory and disk can have this board's part of it.</summary>
    internal void Prepare(Plan plan)
    {
        BoardModel share = Share(plan.Model);
        string what = $"the part of board {_board.Name} in plan {plan.Version} of {plan.Model}";
        _sources.CheckRoom(plan.Model, plan.ShardsOf(_board.Name).Select(assignment => assignment.Slice), what);
        share.Prepare(plan);
    }

    /// <summary>Forgets a plan that will not be committed, and what was sent for it need not be kept.</summary>
    internal void Abandon(string model, int version)
    {
        Share(model).Abandon(version);
        _sources.WantNothing(model);
    }

    /// <summary>Registers a shard, or says which pieces of it must come first.</summary>
    internal RegisterAnswer Register(string model, ShardSlice slice)
    {
        BoardModel share = Share(model);
        string[] missing = share.Holds(slice) ? [] : _sources.Missing(model, slice);
        return missing.Length > 0 ? new RegisterAnswer(false, false, missing) : new RegisterAnswer(true, share.Register(slice), []);
    }

    /// <summary>Keeps a piece of a model's weights.</summary>
    internal async Task StoreAsync(string model, string piece, Stream content, CancellationToken cancellation)
    {
        await _sources.StoreAsync(model, piece, content, cancellation);
        AgentLog.PieceStored(_log, _board.Name, model, piece, content.Length);
    }

    /// <summary>Connects with the boards of a session, and follows the steps that its head board announces.</summary>
    internal async Task OpenSessionAsync(SessionRequest request, CancellationToken cancellationToken)
    {
        AgentSession session;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            EndSessions(request.Model); // of boards that were joined before
            session = new AgentSession(request, Share(request.Model), _threads, _udpPort, _listener, ThroughGrains);
            _sessions.Add(request.Id, session);
        }
        finally
        {
            _gate.Release();
        }

        await session.ConnectAsync(cancellationToken);
        _ = ForgetAtEndAsync(request, session);
    }

    /// <summary>Ends a session.</summary>
    internal async Task CloseAsync(Guid id)
    {
        await _gate.WaitAsync();
        try
        {
            if (_sessions.Remove(id, out AgentSession? session))
            {
                session.Dispose();
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends all sessions and gives up all shares; weights stay on the disk.</summary>
    internal async Task ClearAsync()
    {
        await _gate.WaitAsync();
        try
        {
            EndSessions(model: null);
            _board.Clear();
            _sources.CloseAll();
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ClearAsync();
        _board.Dispose();
        _sources.Dispose();
    }

    private BoardModel? Find(string model) => _board.Models.GetValueOrDefault(model);

    private async Task ForgetAtEndAsync(SessionRequest request, AgentSession session)
    {
        try
        {
            await session.Ended;
        }
        catch (Exception fault)
        {
            AgentLog.SessionFailed(_log, fault, _board.Name);
        }

        await CloseAsync(request.Id);
        _onEnded?.Invoke(request.Boards[request.Head].Board);
    }

    private void EndSessions(string? model)
    {
        foreach ((Guid id, AgentSession session) in _sessions.Where(entry => model is null || entry.Value.Model == model).ToList())
        {
            _sessions.Remove(id);
            session.Dispose();
        }
    }
}
