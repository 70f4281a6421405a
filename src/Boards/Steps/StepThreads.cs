using Halo.Fabric.Transport;
using Halo.Inference.Model;
using Halo.Inference.Threading;

namespace Halo.Boards.Steps;

/// <summary>
/// The threads that carry this process's boards through steps: no more than the cores they were given. With fewer threads than boards each
/// carries several; with more, a board computes with a team.
/// </summary>
internal sealed class StepThreads : IDisposable
{
    private readonly List<Thread> _threads = [];
    private readonly List<WorkerTeam> _teams = [];
    private readonly List<BoardLane> _lanes = [];
    private bool _disposed;

    /// <param name="config">The model's shape.</param>
    /// <param name="boards">This process's boards of the plan.</param>
    /// <param name="transports">Each board's end of the fabric, in the same order; owned from here on.</param>
    /// <param name="threads">Compute threads for all boards together.</param>
    internal StepThreads(ModelConfig config, IReadOnlyList<BoardModel> boards, IReadOnlyList<ITransport> transports, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        for (int i = 0; i < boards.Count; i++)
        {
            _lanes.Add(new BoardLane(boards[i], transports[i], config.HiddenSize));
        }

        int threadCount = Math.Min(threads, boards.Count);
        for (int thread = 0; thread < threadCount; thread++)
        {
            int teamSize = threads / threadCount + (thread < threads % threadCount ? 1 : 0);
            WorkerTeam team = new(teamSize, $"halo-step-{thread}", spin: true);
            _teams.Add(team);

            // Boards are dealt out like cards: those with head groups come first in a plan, and so spread over the threads.
            for (int index = thread; index < boards.Count; index += threadCount)
            {
                boards[index].Start(team, transports[index]);
            }
        }
    }

    /// <summary>The boards, in the order that was given.</summary>
    internal IReadOnlyList<BoardLane> Lanes => _lanes;

    /// <summary>Starts the threads.</summary>
    /// <param name="stageCount">Stages of a step.</param>
    /// <param name="run">What a thread does with its boards, to the end of the fabric.</param>
    internal void Start(int stageCount, Action<LaneGroup, BoardLane[]> run)
    {
        for (int thread = 0; thread < _teams.Count; thread++)
        {
            BoardLane[] lanes = [.. _lanes.Where((_, index) => index % _teams.Count == thread)];
            LaneGroup group = new(lanes, stageCount);
            _threads.Add(new Thread(() => run(group, lanes)) { IsBackground = true, Name = $"halo-step-{thread}" });
        }

        _threads.ForEach(thread => thread.Start());
    }

    /// <summary>Ends all waits, then the threads.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _lanes.ForEach(lane => lane.Transport.Stop());
        _threads.ForEach(thread => thread.Join());
        _teams.ForEach(team => team.Dispose());
        _lanes.ForEach(lane => lane.Transport.Dispose());
    }
}
