using Halo.Fabric.Transport;
using Halo.Inference.Model;

namespace Halo.Boards.Steps;

/// <summary>Carries the board of a process that has no head board through the steps that the head board announces, until the fabric ends.</summary>
public sealed class StepFollower : IDisposable
{
    private readonly StepThreads _threads;
    private readonly ITransport _transport;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts the threads.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="board">The board's share of the model.</param>
    /// <param name="transport">The board's end of the fabric; owned from here on.</param>
    /// <param name="threads">Compute threads.</param>
    public StepFollower(ModelConfig config, BoardModel board, ITransport transport, int threads)
    {
        _transport = transport;
        _threads = new StepThreads(config, [board], [transport], threads);
        _threads.Start(2 * config.LayerCount, Run);
    }

    /// <summary>Ends when the fabric does: the head board has gone, another board is lost, or this was disposed.</summary>
    public Task Ended => _ended.Task;

    /// <inheritdoc/>
    public void Dispose() => _threads.Dispose();

    private void Run(LaneGroup group, BoardLane[] lanes)
    {
        try
        {
            while (group.TryBegin(null, 0, default))
            {
                group.Walk();
            }

            _ended.SetResult();
        }
        catch (Exception fault)
        {
            // A fault that no lane could turn into a reason. The others learn of it as of a lost board.
            _transport.Stop();
            _ended.SetException(fault);
        }
    }
}
