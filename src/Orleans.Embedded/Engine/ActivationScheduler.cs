namespace Orleans.Runtime;

/// <summary>Runs the tasks of one activation one after the other on pool threads: what makes a turn single-threaded.</summary>
internal sealed class ActivationScheduler(Activation activation) : TaskScheduler, IThreadPoolWorkItem
{
    private const int TasksPerSlice = 64; // then the pool may run others first

    [ThreadStatic]
    private static Activation? s_current;

    private readonly Queue<Task> _tasks = new(); // also the lock
    private bool _isRunning;

    /// <summary>The activation whose turn runs on this thread.</summary>
    internal static Activation? CurrentActivation => s_current;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Starts an async method as a turn, without the ambient values of whoever asks for it.</summary>
    internal void Run(Func<Task> body)
    {
        using AsyncFlowControl flow = ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow();
        _ = Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this);
    }

    protected override void QueueTask(Task task)
    {
        lock (_tasks)
        {
            _tasks.Enqueue(task);
            if (_isRunning)
            {
                return;
            }

            _isRunning = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    void IThreadPoolWorkItem.Execute()
    {
        s_current = activation;
        try
        {
            for (int i = 0; i < TasksPerSlice; i++)
            {
                Task? task;
                lock (_tasks)
                {
                    if (!_tasks.TryDequeue(out task))
                    {
                        _isRunning = false;
                        return;
                    }
                }

                TryExecuteTask(task);
            }
        }
        finally
        {
            s_current = null;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && ReferenceEquals(s_current, activation) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => throw new NotSupportedException("Only debuggers ask.");
}
