using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Runtime;

/// <summary>One activation of a grain: its queue, its turns, its life from activation to deactivation.</summary>
internal sealed class Activation
{
    private enum State
    {
        Activating,
        Valid,
        Deactivating, // takes no new turn; ends once none runs
        Ending, // the grain says goodbye
        Invalid, // its requests have gone back to the slot
    }

    private readonly Lock _lock = new(); // guards everything below; taken after a slot's lock, never before
    private readonly LinkedList<Request> _waiting = new();
    private readonly List<Request> _running = [];
    private readonly List<IStreamSession> _streams = [];
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly GrainClass _class;
    private readonly GrainSlot _slot;
    private AsyncServiceScope _scope;
    private Grain? _instance;
    private State _state;
    private DeactivationReason _reason;
    private LogicalSilo? _target; // where the grain moves
    private DateTimeOffset _lastActivity;

    internal Activation(LogicalSilo silo, GrainClass grainClass, GrainSlot slot)
    {
        Silo = silo;
        _class = grainClass;
        _slot = slot;
        Scheduler = new ActivationScheduler(this);
    }

    internal LogicalSilo Silo { get; }

    internal GrainId GrainId => _slot.GrainId;

    internal ActivationScheduler Scheduler { get; }

    internal Grain? Instance => _instance;

    internal Task Deactivated => _deactivated.Task;

    /// <summary>Starts activating; requests that are queued meanwhile wait.</summary>
    /// <param name="state">What a migrating grain takes along.</param>
    /// <param name="requestContext">The context of the request that causes the activation.</param>
    internal void Start(MigrationContext? state, Dictionary<string, object>? requestContext) =>
        Scheduler.Run(() => ActivateAsync(state, requestContext));

    /// <summary>Queues a request; only the slot calls this, and only for its current activation.</summary>
    internal void Enqueue(Request request)
    {
        lock (_lock)
        {
            _waiting.AddLast(request);
        }

        Pump();
    }

    /// <summary>Deactivates once no turn runs. The first reason stays.</summary>
    internal void Deactivate(DeactivationReasonCode code, string text, LogicalSilo? target = null)
    {
        lock (_lock)
        {
            if (_reason.ReasonCode == DeactivationReasonCode.None)
            {
                (_reason, _target) = (new DeactivationReason(code, text), target);
            }

            _state = _state == State.Valid ? State.Deactivating : _state;
        }

        Pump();
    }

    /// <summary>Asks the director, and moves to the silo that it names; the grain stays if it names this one, or none.</summary>
    internal async Task MigrateAsync(Dictionary<string, object>? requestContext)
    {
        try
        {
            LogicalSilo target = await Silo.Cluster.PlaceAsync(GrainId, requestContext, Silo);
            if (target != Silo)
            {
                Deactivate(DeactivationReasonCode.Migrating, $"Moves to {target.Name}.", target);
            }
        }
        catch (Exception exception)
        {
            EngineLog.MigrationFailed(Silo.Logger, exception, GrainId);
        }
    }

    /// <summary>Ends abandoned streams, and deactivates the grain if nothing has happened for the collection age.</summary>
    internal void CollectIfIdle(DateTimeOffset now)
    {
        TimeSpan age = Silo.Collection.CollectionAge;
        Streams().ForEach(stream => stream.AbortIfAbandoned(now, age));
        lock (_lock)
        {
            bool isBusy = _running.Count + _waiting.Count + _streams.Count > 0 || now - _lastActivity < age;
            if (isBusy || _class.IsKeptAlive || _state != State.Valid)
            {
                return;
            }
        }

        Deactivate(DeactivationReasonCode.ActivationIdle, "No request for the collection age.");
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
            _lastActivity = Silo.TimeProvider.GetUtcNow();
        }
    }

    /// <summary>Ends the taking of turns and hands out what was not answered; after a deactivation nothing runs any more.</summary>
    internal List<Request> Invalidate()
    {
        lock (_lock)
        {
            _state = State.Invalid;
            List<Request> requests = [.. _running, .. _waiting];
            _waiting.Clear();
            return requests;
        }
    }

    /// <summary>The silo was killed: the activation vanishes, calls in flight fail, no grain code is asked.</summary>
    internal void Kill()
    {
        SiloUnavailableException reason = new($"{Silo.Name} ended while it had a request for {GrainId}.");
        _slot.Drop(this, reason);
        Streams().ForEach(stream => stream.AbortAsync(reason, isGone: true));
        _deactivated.TrySetResult();
    }

    private async Task ActivateAsync(MigrationContext? state, Dictionary<string, object>? requestContext)
    {
        RequestContext.Current = requestContext;
        try
        {
            _scope = Silo.Services.CreateAsyncScope();
            _instance = (Grain)_class.Construct(_scope.ServiceProvider, null);
            if (state is not null && _instance is IGrainMigrationParticipant participant)
            {
                participant.OnRehydrate(state);
            }

            await _instance.OnActivateAsync(CancellationToken.None);
        }
        catch (Exception exception)
        {
            _slot.Drop(this, exception);
            await EndAsync();
            return;
        }

        lock (_lock)
        {
            _lastActivity = Silo.TimeProvider.GetUtcNow();
            if (_state == State.Activating)
            {
                _state = _reason.ReasonCode == DeactivationReasonCode.None ? State.Valid : State.Deactivating;
            }
        }

        Pump();
    }

    /// <summary>Starts what may run, in order of arrival; those behind one that may not pass it if they interleave.</summary>
    private void Pump()
    {
        lock (_lock)
        {
            for (LinkedListNode<Request>? node = _waiting.First; node is not null && _state == State.Valid;)
            {
                (LinkedListNode<Request> current, node) = (node, node.Next);
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

            if (_state == State.Deactivating && _running.Count == 0)
            {
                _state = State.Ending;
                Scheduler.Run(FinishAsync);
            }
        }
    }

    private bool MayRun(Request request) =>
        _running.Count == 0 || _class.IsReentrant || request.IsAlwaysInterleave
        || _running.TrueForAll(static running => running.IsAlwaysInterleave);

    private async Task RunAsync(Request request)
    {
        await request.RunAsync(this);
        lock (_lock)
        {
            _running.Remove(request);
            _lastActivity = Silo.TimeProvider.GetUtcNow();
        }

        request.Publish();
        Pump();
    }

    private async Task FinishAsync()
    {
        MigrationContext? state = await LeaveAsync();
        _slot.Release(this, state is null ? null : _target, state);
        await EndAsync();
    }

    /// <summary>Ends the streams, lets the grain say goodbye, and takes the state of one that moves; null if it does not move.</summary>
    private async Task<MigrationContext?> LeaveAsync()
    {
        try
        {
            using CancellationTokenSource timeout = new(Silo.Collection.DeactivationTimeout);
            await Task.WhenAll(Streams().Select(stream => stream.AbortAsync(Aborted(), isGone: false))).WaitAsync(timeout.Token);
            await _instance!.OnDeactivateAsync(_reason, timeout.Token).WaitAsync(timeout.Token);
            MigrationContext? state = _target is null ? null : new();
            if (state is not null && _instance is IGrainMigrationParticipant participant)
            {
                participant.OnDehydrate(state);
            }

            return state;
        }
        catch (Exception exception)
        {
            EngineLog.DeactivationFailed(Silo.Logger, exception, GrainId);
            return null;
        }
    }

    private async Task EndAsync()
    {
        Silo.Remove(this);
        Streams().ForEach(stream => stream.AbortAsync(Aborted(), isGone: true)); // those that ignored being cancelled
        try
        {
            await _scope.DisposeAsync();
        }
        catch (Exception exception)
        {
            EngineLog.DeactivationFailed(Silo.Logger, exception, GrainId);
        }

        _deactivated.TrySetResult();
    }

    private EnumerationAbortedException Aborted() => new($"Enumeration aborted: {GrainId} was deactivated ({_reason.ReasonCode}).");

    private List<IStreamSession> Streams()
    {
        lock (_lock)
        {
            return [.. _streams];
        }
    }
}
