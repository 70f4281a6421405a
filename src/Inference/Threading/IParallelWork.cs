namespace Halo.Inference.Threading;

/// <summary>Work that every member of a <see cref="WorkerTeam"/> does its share of.</summary>
public interface IParallelWork
{
    /// <summary>Does the share of <paramref name="worker"/>, 0 to <paramref name="workerCount"/> - 1; all of them run at once.</summary>
    void Run(int worker, int workerCount);
}
