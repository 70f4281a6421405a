namespace Halo.Grains.Placement;

/// <summary>Tells those who wait that silos came or went. Safe from several threads.</summary>
public sealed class SiloChanges
{
    private TaskCompletionSource _next = New();

    /// <summary>Ends with the next change after it was asked for.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Silos came or went.</summary>
    public void Raise() => Interlocked.Exchange(ref _next, New()).SetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
