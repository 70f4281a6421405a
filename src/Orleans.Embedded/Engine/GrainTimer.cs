namespace Orleans.Runtime;

/// <summary>A grain timer; as a turn it waits in the activation's queue like a request. At most one tick is queued.</summary>
internal sealed class GrainTimer : Turn, IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly CancellationTokenSource _cancellation = new();
    private readonly bool _keepAlive;
    private readonly ITimer _timer;
    private TimeSpan _period;
    private int _isQueued;
    private bool _wasChanged;
    private bool _isDisposed;

    internal GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _keepAlive = options.KeepAlive;
        _period = options.Period;
        IsAlwaysInterleave = options.Interleave;
        _timer = activation.Silo.TimeProvider.CreateTimer(_ => Tick(), null, options.DueTime, Timeout.InfiniteTimeSpan);
    }

    internal override bool IsActivity => _keepAlive;

    internal override bool IsDone => _isDisposed;

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        (_period, _wasChanged) = (period, true);
        _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _timer.Dispose();
            _cancellation.Cancel();
            _activation.RemoveTimer(this);
        }
    }

    internal override async Task RunAsync(Activation activation)
    {
        _wasChanged = false;
        _isQueued = 0;
        try
        {
            await _callback(_cancellation.Token);
        }
        catch (Exception exception)
        {
            EngineLog.TimerCallbackFailed(activation.Silo.Logger, exception, activation.GrainId);
        }
    }

    internal override void Publish()
    {
        if (!_isDisposed && !_wasChanged && _period > TimeSpan.Zero)
        {
            _timer.Change(_period, Timeout.InfiniteTimeSpan);
        }
    }

    internal override void Fail(Exception exception) => Dispose();

    private void Tick()
    {
        if (Interlocked.Exchange(ref _isQueued, 1) == 0)
        {
            _activation.TryEnqueue(this);
        }
    }
}
