using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>The caller's side of an async stream: nothing runs before the first <c>MoveNextAsync</c>.</summary>
internal sealed class GrainStream<T>(
    string description, Func<CancellationToken, Task<StreamSession<T>>> start, CancellationToken argumentToken) : IAsyncEnumerable<T>
{
    private readonly Func<CancellationToken, Task<StreamSession<T>>> _start = start;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new Enumerator(this, CancellationTokenSource.CreateLinkedTokenSource(argumentToken, cancellationToken));

    public override string ToString() => description;

    private sealed class Enumerator(GrainStream<T> stream, CancellationTokenSource cancellation) : IAsyncEnumerator<T>
    {
        private StreamSession<T>? _session;
        private StreamBatch<T> _batch = new([], IsLast: false);
        private int _index;

        public T Current => _batch.Items[_index];

        public async ValueTask<bool> MoveNextAsync()
        {
            if (++_index < _batch.Items.Count)
            {
                return true;
            }

            if (_batch.IsLast)
            {
                return false;
            }

            cancellation.Token.ThrowIfCancellationRequested();
            _session ??= await stream._start(cancellation.Token);
            _batch = await _session.NextAsync().WaitAsync(cancellation.Token);
            _index = 0;
            return _batch.Items.Count > 0;
        }

        public async ValueTask DisposeAsync()
        {
            if (_session is { } session)
            {
                await session.DisposeAsync();
            }

            cancellation.Dispose();
        }
    }
}

/// <summary>Elements that were ready together; the last batch may be empty.</summary>
internal readonly record struct StreamBatch<T>(List<T> Items, bool IsLast);

/// <summary>What an activation must know of its open streams.</summary>
internal interface IStreamSession
{
    internal bool IsAwaited { get; }

    internal void Abort(Exception reason);

    internal Task CloseAsync();
}

/// <summary>The grain's side of an async stream. The consumer pulls: one step waits for one element and adds what is ready
/// behind it, so a ready element leaves at once and the producer is never more than a batch ahead.</summary>
#pragma warning disable CA1001 // Without timers a token source holds nothing to dispose.
internal sealed class StreamSession<T> : IStreamSession
#pragma warning restore CA1001
{
    private const int MaxBatchSize = 100; // upstream's default

    private readonly CancellationTokenSource _cancellation = new();
    private readonly Activation _activation;
    private readonly Dictionary<string, object>? _context;
    private readonly string _description;
    private readonly IAsyncEnumerator<T> _source;
    private Task<bool>? _pendingMove; // begun by a step that did not wait for it
    private TaskCompletionSource<StreamBatch<T>>? _step;
    private Exception? _abortReason;
    private Task? _closed;

    internal StreamSession(
        Activation activation, Func<CancellationToken, IAsyncEnumerable<T>> open, Dictionary<string, object>? context, string description)
    {
        _activation = activation;
        _context = context;
        _description = description;
        _source = open(_cancellation.Token).GetAsyncEnumerator(_cancellation.Token);
        activation.AddStream(this);
    }

    public bool IsAwaited => _step is { Task.IsCompleted: false };

    /// <summary>The next batch, produced on the grain's turn.</summary>
    internal Task<StreamBatch<T>> NextAsync()
    {
        TaskCompletionSource<StreamBatch<T>> step = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _step = step;
        _activation.Scheduler.Run(() => StepAsync(step));
        return step.Task;
    }

    /// <summary>Ends the stream early: the iterator's <c>finally</c> runs on the grain's turn before this returns.</summary>
    internal Task DisposeAsync()
    {
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _activation.Scheduler.Run(async () =>
        {
            await CloseAsync();
            closed.SetResult();
        });
        return closed.Task;
    }

    /// <summary>Lets the consumer's next or waiting step fail.</summary>
    public void Abort(Exception reason)
    {
        _abortReason = reason;
        _step?.TrySetException(reason);
    }

    /// <summary>Cancels the iterator, waits until it rests and disposes it; on the grain's turn.</summary>
    public Task CloseAsync()
    {
        return _closed ??= CloseCoreAsync();

        async Task CloseCoreAsync()
        {
            await Task.Yield(); // so that _closed is set before anything of the iterator runs
            await _cancellation.CancelAsync();
            try
            {
                await (_pendingMove ?? Task.CompletedTask);
            }
            catch (Exception)
            {
                // The consumer is gone; upstream drops it too.
            }

            try
            {
                await _source.DisposeAsync();
            }
            catch (Exception exception)
            {
                EngineLog.StreamDisposalFailed(_activation.Silo.Logger, exception, _description);
            }

            _activation.RemoveStream(this);
        }
    }

    private async Task StepAsync(TaskCompletionSource<StreamBatch<T>> step)
    {
        RequestContext.Current = _context;
        try
        {
            if (_abortReason is not null || _closed is not null)
            {
                throw _abortReason ?? Aborted(_description);
            }

            _activation.Touch();
            List<T> items = [];
            bool isLast = !await (_pendingMove ??= _source.MoveNextAsync().AsTask());
            while (!isLast && _closed is null)
            {
                _pendingMove = null;
                items.Add((T)new DeepCopier().Copy(_source.Current)!);
                if (items.Count == MaxBatchSize)
                {
                    break;
                }

                ValueTask<bool> move = _source.MoveNextAsync();
                if (!move.IsCompletedSuccessfully)
                {
                    _pendingMove = move.AsTask(); // not ready, or failed: for the next step, after what is ready
                    break;
                }

                isLast = !move.Result;
            }

            step.TrySetResult(new StreamBatch<T>(items, isLast));
            if (isLast)
            {
                await CloseAsync();
            }
        }
        catch (Exception exception)
        {
            step.TrySetException(exception);
            await CloseAsync();
        }
    }

    internal static EnumerationAbortedException Aborted(string description) =>
        new($"Enumeration aborted: {description} was deactivated or the enumerator was disposed.");
}
