using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>The caller's side of an async stream: nothing runs before the first <c>MoveNextAsync</c>. The end of the enumeration, by
/// whatever cause, ends the grain's side too, and waits until the iterator's <c>finally</c> has run.</summary>
internal sealed class GrainStream<T>(Func<StreamSession<T>, CancellationToken, Task> start, CancellationToken argumentToken)
    : IAsyncEnumerable<T>
{
    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(argumentToken, cancellationToken);
        StreamSession<T> session = new();
        try
        {
            await start(session, cancellation.Token);
            while (await session.WaitAsync(cancellation.Token))
            {
                while (session.TryRead(out T? item))
                {
                    yield return item;
                }
            }
        }
        finally
        {
            await session.CloseAsync();
        }
    }
}

/// <summary>What an activation must know of its open streams.</summary>
internal interface IStreamSession
{
    /// <summary>Ends the iterator; the task completes when it has. The consumer gets the end that the iterator comes to by itself, or the
    /// reason where it was cut short; at once where the grain is gone.</summary>
    Task AbortAsync(Exception reason, bool isGone);

    /// <summary>Aborts the stream if its consumer has not come for the given time.</summary>
    void AbortIfAbandoned(DateTimeOffset now, TimeSpan age);
}

/// <summary>An open stream. The iterator runs on the grain's turn into a bounded channel, from which the consumer reads.</summary>
#pragma warning disable CA1001 // Without timers a token source holds nothing to dispose.
internal sealed class StreamSession<T> : IStreamSession
#pragma warning restore CA1001
{
    private const int MaxItemsAhead = 100; // upstream's default batch size

    private readonly Lock _lock = new(); // so that the grain's side does not start once the consumer has gone
    private readonly Channel<T> _items = Channel.CreateBounded<T>(MaxItemsAhead);
    private readonly CancellationTokenSource _cancellation = new();
    private Activation? _activation; // null until the grain's side starts
    private Task _producing = Task.CompletedTask;
    private DateTimeOffset _lastRead;
    private bool _isAwaited;
    private Exception? _abortReason;
    private bool _isClosed;

    /// <summary>Starts the grain's side; on the grain's turn.</summary>
    internal void Start(Activation activation, Func<CancellationToken, IAsyncEnumerable<T>> open)
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                (_activation, _lastRead) = (activation, activation.Silo.TimeProvider.GetUtcNow());
                activation.AddStream(this);
                _producing = ProduceAsync(activation, open);
            }
        }
    }

    /// <summary>Waits until there is something to read; false at the end.</summary>
    internal async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        _isAwaited = true;
        try
        {
            return await _items.Reader.WaitToReadAsync(cancellationToken);
        }
        finally
        {
            (_isAwaited, _lastRead) = (false, _activation!.Silo.TimeProvider.GetUtcNow());
        }
    }

    internal bool TryRead([MaybeNullWhen(false)] out T item) => _items.Reader.TryRead(out item);

    /// <summary>The consumer has done with the stream. What was aborted is not waited for: it may have been killed.</summary>
    internal Task CloseAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
        }

        Cancel();
        return _abortReason is null ? _producing : Task.CompletedTask;
    }

    public Task AbortAsync(Exception reason, bool isGone)
    {
        _abortReason = reason;
        if (isGone)
        {
            _items.Writer.TryComplete(reason);
        }

        Cancel();
        return _producing;
    }

    public void AbortIfAbandoned(DateTimeOffset now, TimeSpan age)
    {
        if (!_isAwaited && now - _lastRead >= age)
        {
            AbortAsync(new EnumerationAbortedException($"Enumeration aborted: nothing was read from {_activation!.GrainId} for {age}."), isGone: true);
        }
    }

    private async Task ProduceAsync(Activation activation, Func<CancellationToken, IAsyncEnumerable<T>> open)
    {
        Exception? failure = null;
        try
        {
            await Task.Yield(); // nothing of the grain runs under the lock
            await foreach (T item in open(_cancellation.Token).WithCancellation(_cancellation.Token))
            {
                await _items.Writer.WriteAsync((T)new DeepCopier().Copy(item)!, _cancellation.Token);
            }
        }
        catch (Exception exception)
        {
            failure = exception is OperationCanceledException && _abortReason is not null ? _abortReason : exception;
        }

        _items.Writer.TryComplete(failure);
        activation.RemoveStream(this);
    }

    /// <summary>The grain sees its token cancelled on its own turn.</summary>
    private void Cancel()
    {
        if (!_producing.IsCompleted)
        {
            _activation!.Scheduler.Run(_cancellation.CancelAsync);
        }
    }
}
