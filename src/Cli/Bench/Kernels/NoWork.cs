using Halo.Inference.Threading;

namespace Halo.Cli.Bench.Kernels;

/// <summary>Nothing: what is left is the team's own cost of a round.</summary>
internal sealed class NoWork : IParallelWork
{
    public void Run(int worker, int workerCount)
    {
    }
}
