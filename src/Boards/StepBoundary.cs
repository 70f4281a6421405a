namespace Halo.Boards;

/// <summary>Holds back what would disturb a step until it has ended; without one under way it is done at once.</summary>
/// <param name="gate">The lock under which it is done; whoever calls may hold it.</param>
internal sealed class StepBoundary(object gate)
{
    private readonly Queue<Action> _waiting = new();
    private bool _stepping;

    internal void BeginStep()
    {
        lock (gate)
        {
            _stepping = true;
        }
    }

    internal void EndStep()
    {
        lock (gate)
        {
            _stepping = false;
            while (_waiting.TryDequeue(out Action? action))
            {
                action();
            }
        }
    }

    /// <summary>Does something that cannot fail.</summary>
    internal void Do(Action action)
    {
        lock (gate)
        {
            if (_stepping)
            {
                _waiting.Enqueue(action);
            }
            else
            {
                action();
            }
        }
    }

    /// <summary>Does something and gives its result or its fault to the caller.</summary>
    internal Task<T> DoAsync<T>(Func<T> work)
    {
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Do(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        });
        return done.Task;
    }
}
