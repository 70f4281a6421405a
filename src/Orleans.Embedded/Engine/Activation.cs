using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Runtime;

/// <summary>One activation of a grain: its queue, its turns, its life from activation to deactivation.</summary>
internal sealed class Activation : IGrainContext
{
    private enum State
    {
        Activating,
        Valid,
        Deactivating, // takes no new turn; ends once none runs
        Invalid, // its requests have gone back to the slot
    }

    private readonly Lock _lock = new(); // guards everything below; taken after a slot's lock, never before
    private readonly LinkedList<Turn> _waiting = new();
    private readonly List<Turn> _running = [];
    private readonly List<GrainTimer> _timers = [];
    private readonly List<IStreamSession> _streams = [];
    private readonly Dictionary<Guid, int> _reentrantSections = [];
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly GrainClass _class;
    private readonly GrainSlot _slot;
    private AsyncServiceScope _scope;
    private State _state;
    private DeactivationReason _reason;
    private bool _isFinishing;
    private bool _isMigrating;
    private Dictionary<string, object>? _migrationContext; // the request context of Migrate
    private DateTimeOffset _lastActivity;
    private DateTimeOffset _keepAliveUntil;

    internal Activation(LogicalSilo silo, GrainClass grainClass, GrainSlot slot)
    {
        Silo = silo;
        _class = grainClass;
        _slot = slot;
        Scheduler = new ActivationScheduler(this);
        _lastActivity = silo.TimeProvider.GetUtcNow();
        GrainReference = GrainReference.Create(grainClass.Interfaces[0], slot.GrainId, silo.GrainFactory);
    }

    public GrainReference GrainReference { get; }

    public GrainId GrainId => _slot.GrainId;

    public object? GrainInstance { get; private set; }

    public IServiceProvider ActivationServices => _scope.ServiceProvider;

    public Task Deactivated => _deactivated.Task;

    internal LogicalSilo Silo { get; }

    internal ActivationScheduler Scheduler { get; }

    /// <summary>Starts activating; turns that are queued meanwhile wait.</summary>
    /// <param name="state">What a migrating grain takes along.</param>
    /// <param name="requestContext">The context of the request that causes the activation.</param>
    internal void Start(MigrationContext? state, Dictionary<string, object>? requestContext) =>
        Scheduler.Run(() => ActivateAsync(state, requestContext));

    /// <summary>Queues a turn; false when the activation is over.</summary>
    internal bool TryEnqueue(Turn turn)
    {
        lock (_lock)
        {
            if (_state == State.Invalid)
            {
                return false;
            }

            _waiting.AddLast(turn);
        }

        Pump();
        return true;
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_reason.ReasonCode is DeactivationReasonCode.None or DeactivationReasonCode.Migrating)
            {
                _reason = deactivationReason; // the first reason stays, but an end outranks a move
            }

            _state = _state == State.Valid ? State.Deactivating : _state;
        }

        Pump();
    }

    public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_reason.ReasonCode != DeactivationReasonCode.None)
            {
                return;
            }

            (_isMigrating, _migrationContext) = (true, requestContext);
        }

        Deactivate(new DeactivationReason(DeactivationReasonCode.Migrating, "Migrating to a new location."), cancellationToken);
    }

    internal void DelayDeactivation(TimeSpan timeSpan)
    {
        DateTimeOffset now = Silo.TimeProvider.GetUtcNow();
        _keepAliveUntil = timeSpan <= TimeSpan.Zero ? default
            : timeSpan >= DateTimeOffset.MaxValue - now ? DateTimeOffset.MaxValue : now + timeSpan;
    }

    /// <summary>Deactivates the grain if nothing has happened for its collection age.</summary>
    internal void CollectIfIdle(DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_state != State.Valid || _running.Count + _waiting.Count > 0 || _streams.Exists(stream => stream.IsAwaited)
                || now < _keepAliveUntil || now - _lastActivity < Silo.CollectionAgeOf(_class))
            {
                return;
            }
        }

        Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, "No request for the collection age."));
    }

    internal void Touch() => _lastActivity = Silo.TimeProvider.GetUtcNow();

    internal GrainTimer StartTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        lock (_lock)
        {
            GrainTimer timer = new(this, callback, options);
            _timers.Add(timer);
            return timer;
        }
    }

    internal void RemoveTimer(GrainTimer timer)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
        }
    }

    internal void AddStream(IStreamSession stream)
    {
        lock (_lock)
        {
            _streams.Add(stream);
        }
    }

    internal void RemoveStream(IStreamSession stream)
    {
        lock (_lock)
        {
            _streams.Remove(stream);
        }
    }

    internal void EnterReentrantSection(Guid id)
    {
        lock (_lock)
        {
            _reentrantSections[id] = _reentrantSections.GetValueOrDefault(id) + 1;
        }
    }

    internal void ExitReentrantSection(Guid id)
    {
        lock (_lock)
        {
            if (--_reentrantSections[id] == 0)
            {
                _reentrantSections.Remove(id);
            }
        }
    }

    /// <summary>Ends the activation at once and hands out the turns it still had.</summary>
    /// <param name="withRunning">Whether running turns are lost too: the silo was killed.</param>
    internal List<Turn> Invalidate(bool withRunning)
    {
        lock (_lock)
        {
            _state = State.Invalid;
            List<Turn> turns = [.. withRunning ? _running : [], .. _waiting];
            _waiting.Clear();
            return turns;
        }
    }

    /// <summary>The silo was killed: the activation vanishes, calls in flight fail, no grain code is asked.</summary>
    internal void Kill(Exception reason)
    {
        List<Turn> lost = _slot.Drop(this);
        lost.ForEach(turn => turn.Fail(reason));
        EndTimers();
        foreach (IStreamSession stream in Streams())
        {
            stream.Abort(reason);
            Scheduler.Run(stream.CloseAsync);
        }

        _deactivated.TrySetResult();
    }

    private async Task ActivateAsync(MigrationContext? state, Dictionary<string, object>? requestContext)
    {
        RequestContext.Current = requestContext;
        try
        {
            _scope = Silo.Services.CreateAsyncScope();
            GrainInstance = _class.Construct(_scope.ServiceProvider, null);
            if (state is not null && GrainInstance is IGrainMigrationParticipant participant)
            {
                participant.OnRehydrate(state);
            }

            await ((IGrainBase)GrainInstance).OnActivateAsync(CancellationToken.None);
        }
        catch (Exception exception)
        {
            List<Turn> waiting = _slot.Drop(this);
            waiting.ForEach(turn => turn.Fail(exception));
            await EndAsync();
            return;
        }

        lock (_lock)
        {
            if (_state == State.Activating)
            {
                _state = _reason.ReasonCode == DeactivationReasonCode.None ? State.Valid : State.Deactivating;
            }
        }

        Pump();
    }

    /// <summary>Starts what may run, in order of arrival; a turn that may not waits, and those behind it may pass if they interleave.</summary>
    private void Pump()
    {
        lock (_lock)
        {
            for (LinkedListNode<Turn>? node = _waiting.First; node is not null && _state == State.Valid;)
            {
                (LinkedListNode<Turn> current, node) = (node, node.Next);
                if (current.Value.IsDone)
                {
                    _waiting.Remove(current);
                }
                else if (MayRun(current.Value))
                {
                    _waiting.Remove(current);
                    _running.Add(current.Value);
                    Scheduler.Run(() => RunAsync(current.Value));
                }
            }

            if (_state == State.Deactivating && _running.Count == 0 && !_isFinishing)
            {
                _isFinishing = true;
                Scheduler.Run(FinishAsync);
            }
        }
    }

    private bool MayRun(Turn turn) =>
        _running.Count == 0
        || _class.IsReentrant
        || turn.IsAlwaysInterleave
        || _running.TrueForAll(running => running.IsAlwaysInterleave || (running.IsReadOnly && turn.IsReadOnly))
        || (turn.Context is { } context && _reentrantSections.Count > 0 && RequestContext.ReentrancyIdOf(context) is { } id
            && _reentrantSections.ContainsKey(id));

    private async Task RunAsync(Turn turn)
    {
        if (turn.IsActivity)
        {
            Touch();
        }

        await turn.RunAsync(this);
        if (turn.IsActivity)
        {
            Touch();
        }

        lock (_lock)
        {
            _running.Remove(turn);
        }

        turn.Publish();
        Pump();
    }

    /// <summary>Deactivates or migrates; runs when no turn does.</summary>
    private async Task FinishAsync()
    {
        LogicalSilo? target = _isMigrating ? await FindTargetAsync() : null;
        lock (_lock)
        {
            _isMigrating = target is not null && _reason.ReasonCode == DeactivationReasonCode.Migrating;
            if (!_isMigrating && _reason.ReasonCode == DeactivationReasonCode.Migrating)
            {
                (_state, _reason, _isFinishing) = (_state == State.Invalid ? _state : State.Valid, default, false); // stays where it is
            }
        }

        if (!_isFinishing || _state == State.Invalid)
        {
            Pump();
            return;
        }

        EndTimers();
        MigrationContext? state = await DeactivateAsync() && _isMigrating ? Dehydrate() : null;
        _slot.Release(this, state is null ? null : target, state, _migrationContext);
        await EndAsync();
    }

    private async Task<LogicalSilo?> FindTargetAsync()
    {
        try
        {
            LogicalSilo target = await Silo.Cluster.PlaceAsync(GrainId, _migrationContext, Silo);
            return target == Silo ? null : target;
        }
        catch (Exception exception)
        {
            EngineLog.MigrationFailed(Silo.Logger, exception, GrainId);
            return null;
        }
    }

    /// <summary>Ends the streams, then lets the grain say goodbye; whether that went well.</summary>
    private async Task<bool> DeactivateAsync()
    {
        try
        {
            using CancellationTokenSource timeout = new(Silo.DeactivationTimeout);
            List<IStreamSession> streams = Streams();
            streams.ForEach(stream => stream.Abort(new EnumerationAbortedException(
                $"Enumeration aborted: {GrainId} was deactivated ({_reason.ReasonCode}).")));
            await Task.WhenAll(streams.Select(stream => stream.CloseAsync())).WaitAsync(timeout.Token);
            await ((IGrainBase)GrainInstance!).OnDeactivateAsync(_reason, timeout.Token).WaitAsync(timeout.Token);
            return true;
        }
        catch (Exception exception)
        {
            EngineLog.DeactivationFailed(Silo.Logger, exception, GrainId);
            return false;
        }
    }

    private MigrationContext? Dehydrate()
    {
        try
        {
            MigrationContext state = new();
            (GrainInstance as IGrainMigrationParticipant)?.OnDehydrate(state);
            return state;
        }
        catch (Exception exception)
        {
            EngineLog.MigrationFailed(Silo.Logger, exception, GrainId);
            return null;
        }
    }

    private async Task EndAsync()
    {
        EndTimers();
        Silo.Remove(this);
        try
        {
            if (GrainInstance is IAsyncDisposable asyncDisposable)
            {
                await asyncDisposable.DisposeAsync();
            }
            else
            {
                (GrainInstance as IDisposable)?.Dispose();
            }

            await _scope.DisposeAsync();
        }
        catch (Exception exception)
        {
            EngineLog.DeactivationFailed(Silo.Logger, exception, GrainId);
        }

        _deactivated.TrySetResult();
    }

    private void EndTimers()
    {
        GrainTimer[] timers;
        lock (_lock)
        {
            timers = [.. _timers];
        }

        Array.ForEach(timers, timer => timer.Dispose());
    }

    private List<IStreamSession> Streams()
    {
        lock (_lock)
        {
            return [.. _streams];
        }
    }
}
