namespace Orleans.Runtime;

/// <summary>One call on its way through an activation's queue; <see cref="Request{T}"/> knows its answer.</summary>
internal abstract class Request
{
    internal bool IsAlwaysInterleave { get; init; }

    /// <summary>The request context it brings; placement sees it too.</summary>
    internal Dictionary<string, object>? Context { get; init; }

    /// <summary>The silo it comes from, null for a client.</summary>
    internal LogicalSilo? Origin { get; init; }

    /// <summary>Whether nobody waits for it any more (timed out, cancelled): it is dropped unless it runs.</summary>
    internal abstract bool IsDone { get; }

    /// <summary>Does the work; never throws.</summary>
    internal abstract Task RunAsync(Activation activation);

    /// <summary>Tells the outcome, once the request has been put away: whoever learns of it finds the activation at rest.</summary>
    internal abstract void Publish();

    internal abstract void Fail(Exception exception);
}

/// <summary>A call that waits for its answer. The caller's task ends by the first of: answer, exception, timeout, cancellation.</summary>
#pragma warning disable CA1001 // Disposed when the outcome is known: Publish, Fail, Cancel.
internal sealed class Request<T> : Request
#pragma warning restore CA1001
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<Activation, CancellationToken, Task<T>> _body;
    private readonly CancellationTokenSource? _calleeCancellation;
    private readonly CancellationTokenRegistration _callerCancellation;
    private readonly Timer _timeout;
    private Activation? _activation; // set once it runs
    private Task<T>? _outcome;

    internal Request(
        Func<Activation, CancellationToken, Task<T>> body,
        string method,
        GrainId target,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        _body = body;
        _timeout = new Timer(
            _ => Fail(new TimeoutException($"Response did not arrive on time in {timeout} for {method} of {target}.")),
            null, timeout, Timeout.InfiniteTimeSpan);
        if (cancellationToken.CanBeCanceled)
        {
            _calleeCancellation = new CancellationTokenSource();
            _callerCancellation = cancellationToken.UnsafeRegister((_, token) => Cancel(token), null);
        }
    }

    internal Task<T> Answer => _answer.Task;

    internal override bool IsDone => _answer.Task.IsCompleted;

    internal override async Task RunAsync(Activation activation)
    {
        Interlocked.Exchange(ref _activation, activation); // before the check: Cancel completes first and looks here second
        if (!IsDone)
        {
            RequestContext.Current = Context;
            _outcome = _body(activation, _calleeCancellation?.Token ?? CancellationToken.None);
            await ((Task)_outcome).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    internal override void Publish()
    {
        if (_outcome is not null)
        {
            _answer.TrySetFromTask(_outcome);
        }

        EndWaiting();
    }

    internal override void Fail(Exception exception)
    {
        _answer.TrySetException(exception);
        EndWaiting();
    }

    /// <summary>The caller goes on at once; the callee sees its token cancelled on its own turn.</summary>
    private void Cancel(CancellationToken callerToken)
    {
        _answer.TrySetCanceled(callerToken);
        _timeout.Dispose();
        Interlocked.CompareExchange(ref _activation, null, null)?.Scheduler.Run(_calleeCancellation!.CancelAsync);
    }

    private void EndWaiting()
    {
        _timeout.Dispose();
        _callerCancellation.Unregister();
    }
}
