using Halo.Boards.Control;
using Halo.Boards.Weights;
using Halo.Fabric.Liveness;
using Halo.Fabric.Streams.Sessions;
using Halo.Inference.Model;
using Halo.Planning.Assignment;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Remote;

/// <summary>
/// The board of a process of its own: serves one head process at a time, holds what that one wants of models, and follows its sessions.
/// When the head process goes, or another takes over, nothing of its work is kept but weights on the disk.
/// </summary>
public sealed class BoardAgent : IAsyncDisposable
{
    private readonly BoardAgentOptions _options;
    private readonly Board _board;
    private readonly ModelSources _sources;
    private readonly StreamListener _listener;
    private readonly HeartbeatResponder _heartbeats;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _gate = new(1, 1); // attaching, leaving, sessions: one at a time
    private readonly Dictionary<Guid, AgentSession> _sessions = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _watching;
    private Attachment? _attachment;

    /// <param name="options">Name, ports and threads.</param>
    /// <param name="board">The board; owned from here on.</param>
    /// <param name="sources">Where weights come from; owned from here on.</param>
    /// <param name="listener">Takes streams of other boards.</param>
    /// <param name="heartbeats">Answers heartbeats.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where attachments and sessions are told.</param>
    public BoardAgent(
        BoardAgentOptions options, Board board, ModelSources sources, StreamListener listener, HeartbeatResponder heartbeats, TimeProvider time, ILogger log)
    {
        _options = options;
        _board = board;
        _sources = sources;
        _listener = listener;
        _heartbeats = heartbeats;
        _time = time;
        _log = log;
        _watching = WatchHeadAsync();
    }

    /// <summary>Whether a head process has this board in its service.</summary>
    public bool IsAttached => Volatile.Read(ref _attachment) is not null;

    /// <summary>Takes up the service of a head process. What an earlier one left is cleared away.</summary>
    /// <exception cref="BoardBusyException">The board serves another head process, which is alive.</exception>
    internal async Task<BoardAnnouncement> AttachAsync(ControlCaller head, AttachRequest request, byte[] heartbeatKey)
    {
        using IDisposable turn = await TurnAsync();
        if (_attachment is { } before && before.Head.InstanceId != head.InstanceId && !IsSilent(before))
        {
            throw new BoardBusyException(_options.Name, before.Head.Name);
        }

        Clear();
        _heartbeats.Register(request.HeartbeatKey, heartbeatKey);
        Volatile.Write(ref _attachment, new Attachment(head, request.HeartbeatKey));
        AgentLog.Attached(_log, _options.Name, head.Name);
        return new BoardAnnouncement(
            _options.Name,
            _options.Instance,
            ControlVersion.Current.Product,
            _options.Threads,
            _board.Profile.BytesPerSecond,
            _board.Profile.MemoryBytes,
            _listener.EndPoint.Port,
            _heartbeats.Port,
            _options.AdvertisedHost);
    }

    /// <summary>Leaves a head process's service.</summary>
    internal async Task DetachAsync(ControlCaller head)
    {
        using IDisposable turn = await TurnAsync();
        if (_attachment is { } attachment && attachment.Head.InstanceId == head.InstanceId)
        {
            Leave("it said so");
        }
    }

    /// <summary>Refuses callers that this board does not serve.</summary>
    /// <exception cref="NotAttachedException">The caller is another head process, or none is served.</exception>
    internal void Check(ControlCaller head)
    {
        if (Volatile.Read(ref _attachment)?.Head.InstanceId != head.InstanceId)
        {
            throw new NotAttachedException(_options.Name);
        }
    }

    /// <summary>Gets ready to hold shards of a model.</summary>
    internal async Task<ModelAnswer> OfferAsync(ModelOffer offer, CancellationToken cancellationToken)
    {
        (IShardSource source, bool hasFile) = await _sources.OpenAsync(offer.Name, offer.Manifest, cancellationToken);
        _board.Model(offer.Name, () => new BoardModel(_options.Name, offer.Name, source, offer.Profile, offer.Limits, _board.Profile.MemoryBytes));
        return new ModelAnswer(hasFile);
    }

    /// <summary>This board's share of a model that was offered.</summary>
    internal BoardModel Share(string model) => _board.Models.TryGetValue(model, out BoardModel? share)
        ? share
        : throw new StepException($"Board {_options.Name} was not offered the model {model}.");

    internal ShareStatistics Statistics(string model) => _board.Models.TryGetValue(model, out BoardModel? share)
        ? share.Statistics with { ReceivedWeightBytes = _sources.ReceivedBytes(model) }
        : ShareStatistics.None;

    internal SessionLinks Links(string model) => _board.Models.TryGetValue(model, out BoardModel? share) ? share.Links : SessionLinks.None;

    /// <summary>Takes note of a plan, after checking that memory and disk can have this board's part of it.</summary>
    internal void Prepare(string model, Plan plan)
    {
        BoardModel share = Share(model);
        string what = $"the part of board {_options.Name} in plan {plan.Version} of {model}";
        _sources.CheckRoom(model, plan.ShardsOf(_options.Name).Select(assignment => assignment.Slice), what);
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
        AgentLog.PieceStored(_log, _options.Name, model, piece, content.Length);
    }

    /// <summary>Connects with the boards of a session, and follows the steps that its head board announces.</summary>
    internal async Task OpenSessionAsync(SessionRequest request, CancellationToken cancellationToken)
    {
        AgentSession session;
        using (await TurnAsync())
        {
            EndSessions(request.Model); // of boards that were joined before
            session = new AgentSession(request, Share(request.Model), _options.Threads, _options.UdpPort, _listener);
            _sessions.Add(request.Id, session);
        }

        await session.ConnectAsync(cancellationToken);
        _ = ForgetAtEndAsync(request.Id, session);
    }

    /// <summary>Ends a session.</summary>
    internal async Task CloseAsync(Guid id)
    {
        using IDisposable turn = await TurnAsync();
        if (_sessions.Remove(id, out AgentSession? session))
        {
            session.Dispose();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        Clear();
        _board.Dispose();
        _sources.Dispose();
        _stopping.Dispose();
        _gate.Dispose();
    }

    private async Task WatchHeadAsync()
    {
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(1), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                using IDisposable turn = await TurnAsync();
                if (_attachment is { } attachment && IsSilent(attachment))
                {
                    Leave($"it has been silent for {_options.HeadSilence.TotalSeconds:0.#} s");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private bool IsSilent(Attachment attachment) => _heartbeats.SilentFor(attachment.HeartbeatKey) > _options.HeadSilence;

    private async Task ForgetAtEndAsync(Guid id, AgentSession session)
    {
        try
        {
            await session.Ended;
        }
        catch (Exception fault)
        {
            AgentLog.SessionFailed(_log, fault, _options.Name);
        }

        await CloseAsync(id);
    }

    private void Leave(string reason)
    {
        AgentLog.Detached(_log, _options.Name, _attachment!.Head.Name, reason);
        Clear();
    }

    private void Clear()
    {
        if (_attachment is { } attachment)
        {
            _heartbeats.Forget(attachment.HeartbeatKey);
            Volatile.Write(ref _attachment, null);
        }

        EndSessions(model: null);
        _board.Clear();
        _sources.CloseAll();
    }

    private void EndSessions(string? model)
    {
        foreach ((Guid id, AgentSession session) in _sessions.Where(entry => model is null || entry.Value.Model == model).ToList())
        {
            _sessions.Remove(id);
            session.Dispose();
        }
    }

    private async Task<IDisposable> TurnAsync()
    {
        await _gate.WaitAsync(_stopping.Token);
        return new Turn(_gate);
    }

    private sealed record Attachment(ControlCaller Head, ulong HeartbeatKey);

    private sealed class Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
