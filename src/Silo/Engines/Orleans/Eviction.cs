namespace Halo.Silo.Engines;

/// <summary>
/// Hears of it when a silo cannot go on, above all because the others declared it dead. Orleans would end the process at once; this one joins anew.
/// </summary>
internal sealed class Eviction : IFatalErrorHandler
{
    private readonly TaskCompletionSource<string> _reason = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the reason when the silo cannot go on.</summary>
    internal Task<string> Reason => _reason.Task;

    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) =>
        _reason.TrySetResult(exception?.Message ?? context ?? "it gave no reason");
}
