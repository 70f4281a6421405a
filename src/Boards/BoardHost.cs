using Halo.Boards.Steps;
using Halo.Fabric.Transport;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>
/// The boards that live in this process and the threads that walk their steps. Several boards share the process's cores; all step runners
/// together never compute on more threads than that.
/// </summary>
public sealed class BoardHost : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, RunningPlan> _runners = [];
    private readonly int _threads;

    /// <param name="boards">The boards; names are unique.</param>
    /// <param name="threads">Compute threads for all boards together.</param>
    public BoardHost(IReadOnlyList<Board> boards, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Boards = boards;
        _threads = threads;
    }

    /// <summary>All boards of this process.</summary>
    public IReadOnlyList<Board> Boards { get; }

    /// <summary>The board of a name.</summary>
    /// <exception cref="KeyNotFoundException">It is not in this process.</exception>
    public Board Find(string name) =>
        Boards.FirstOrDefault(board => board.Name == name)
        ?? throw new KeyNotFoundException($"Board '{name}' is not in this process; here are {string.Join(", ", Boards.Select(board => board.Name))}.");

    /// <summary>The step runner of a model if it joins the boards of a plan and has lost none of them; else null.</summary>
    public StepRunner? FindRunner(Plan plan)
    {
        lock (_gate)
        {
            return _runners.TryGetValue(plan.Model, out RunningPlan? running) && running.Joins(plan)
                && running.Runner is { IsStopped: false, Failure: null } ? running.Runner : null;
        }
    }

    /// <summary>Starts the step runner of a model, in the place of the one before. No step of it may be under way.</summary>
    /// <param name="model">The model.</param>
    /// <param name="plan">The plan; its head board is in this process.</param>
    /// <param name="connect">Makes the ends of the fabric of this process's boards of the plan, in the plan's order.</param>
    public StepRunner StartRunner(LoadedModel model, Plan plan, Func<IReadOnlyList<ITransport>> connect)
    {
        StopRunner(model.Name);
        List<Board> boards = [.. plan.Boards.Select(name => Boards.FirstOrDefault(board => board.Name == name)).OfType<Board>()];
        int head = boards.FindIndex(board => board.Name == plan.HeadBoard);
        StepRunner runner = new(model.Weights, [.. boards.Select(board => board.Model(model))], connect(), head, model.Limits, _threads);
        lock (_gate)
        {
            _runners.Add(model.Name, new RunningPlan(runner, plan.Boards, plan.HeadBoard));
        }

        return runner;
    }

    /// <summary>Stops the step runner of a model: its boards are about to be joined anew. No step of it may be under way.</summary>
    public void StopRunner(string model)
    {
        RunningPlan? running;
        lock (_gate)
        {
            _runners.Remove(model, out running);
        }

        running?.Runner.Dispose(); // not under the lock: its step thread may be telling of a lost board
    }

    /// <summary>Ends every step, now and later, of the runners that count on a board which is no more.</summary>
    public void LoseBoard(string board, string reason)
    {
        foreach (RunningPlan running in Running().Where(running => running.Boards.Contains(board)))
        {
            running.Runner.Fail(reason);
        }
    }

    /// <summary>Stops all step runners; steps that are under way fail.</summary>
    public void StopRunners()
    {
        foreach (RunningPlan running in Running())
        {
            running.Runner.Dispose();
        }
    }

    /// <summary>Stops all step runners, then frees the boards.</summary>
    public void Dispose()
    {
        StopRunners();
        foreach (Board board in Boards)
        {
            board.Dispose();
        }
    }

    private List<RunningPlan> Running()
    {
        lock (_gate)
        {
            return [.. _runners.Values];
        }
    }

    private sealed record RunningPlan(StepRunner Runner, IReadOnlyList<string> Boards, string HeadBoard)
    {
        internal bool Joins(Plan plan) => Boards.SequenceEqual(plan.Boards) && HeadBoard == plan.HeadBoard;
    }
}
