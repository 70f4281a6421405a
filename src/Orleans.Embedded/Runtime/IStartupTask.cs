namespace Orleans.Runtime;

/// <summary>Runs once when a silo has become active.</summary>
public interface IStartupTask
{
    /// <summary>The task; the start of the silo waits for it and fails with it.</summary>
    public Task Execute(CancellationToken cancellationToken);
}
