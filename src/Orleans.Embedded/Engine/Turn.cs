namespace Orleans.Runtime;

/// <summary>What waits in an activation's queue: a request or a timer's tick.</summary>
internal abstract class Turn
{
    internal bool IsAlwaysInterleave { get; init; }

    internal bool IsReadOnly { get; init; }

    /// <summary>Whether it keeps the activation from idle collection.</summary>
    internal virtual bool IsActivity => true;

    /// <summary>Whether nobody waits for it any more (timed out, cancelled): it is dropped unless it runs.</summary>
    internal virtual bool IsDone => false;

    /// <summary>The request context it brings; placement sees it too.</summary>
    internal Dictionary<string, object>? Context { get; init; }

    /// <summary>The silo it comes from, null for a client.</summary>
    internal LogicalSilo? Origin { get; init; }

    /// <summary>Does the work; never throws.</summary>
    internal abstract Task RunAsync(Activation activation);

    /// <summary>Tells the outcome, once the activation has put the turn away: whoever learns of it finds the activation at rest.</summary>
    internal abstract void Publish();

    internal abstract void Fail(Exception exception);
}

/// <summary>One call that waits for its answer. The caller's task ends by the first of: answer, exception, timeout, cancellation.</summary>
#pragma warning disable CA1001 // Disposed when the outcome is known: Publish, Fail, Cancel.
internal sealed class Request<T> : Turn
#pragma warning restore CA1001
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<Activation, CancellationToken, Task<T>> _body;
    private readonly CancellationTokenSource? _calleeCancellation;
    private readonly CancellationTokenRegistration _callerCancellation;
    private readonly Timer? _timeout;
    private Activation? _activation; // set once it runs
    private T? _result;
    private Exception? _exception;

    internal Request(
        Func<Activation, CancellationToken, Task<T>> body, string description, TimeSpan timeout, CancellationToken cancellationToken)
    {
        _body = body;
        if (cancellationToken.CanBeCanceled)
        {
            _calleeCancellation = new CancellationTokenSource();
            _callerCancellation = cancellationToken.UnsafeRegister((_, token) => Cancel(token), null);
        }

        if (timeout != Timeout.InfiniteTimeSpan)
        {
            _timeout = new Timer(
                _ => Fail(new TimeoutException($"Response did not arrive on time in {timeout} for {description}.")), null, timeout,
                Timeout.InfiniteTimeSpan);
        }
    }

    internal Task<T> Answer => _answer.Task;

    internal override bool IsDone => _answer.Task.IsCompleted;

    internal override async Task RunAsync(Activation activation)
    {
        Interlocked.Exchange(ref _activation, activation); // before the check: Cancel completes first and looks here second
        if (IsDone)
        {
            return;
        }

        try
        {
            RequestContext.Current = Context;
            _result = await _body(activation, _calleeCancellation?.Token ?? CancellationToken.None);
        }
        catch (Exception exception)
        {
            _exception = exception;
        }
    }

    internal override void Publish()
    {
        if (_exception is null)
        {
            _answer.TrySetResult(_result!);
        }
        else
        {
            _answer.TrySetException(_exception);
        }

        _timeout?.Dispose();
        _callerCancellation.Unregister();
    }

    internal override void Fail(Exception exception)
    {
        _answer.TrySetException(exception);
        _timeout?.Dispose();
        _callerCancellation.Unregister();
    }

    /// <summary>The caller goes on at once; the callee sees its token cancelled on its own turn.</summary>
    private void Cancel(CancellationToken callerToken)
    {
        _answer.TrySetCanceled(callerToken);
        _timeout?.Dispose();
        Interlocked.CompareExchange(ref _activation, null, null)?.Scheduler.Run(_calleeCancellation!.CancelAsync);
    }
}
