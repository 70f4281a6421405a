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
    // Far above any step; a step that takes longer waits for something that will not come.
    private static readonly TimeSpan s_drainLimit = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, StepRunner> _runners = [];
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

    /// <summary>The step runner of a model, started for the plan's boards where it does not run yet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="plan">The plan; all its boards are in this process.</param>
    /// <param name="transports">How the boards exchange partial sums.</param>
    public StepRunner Runner(LoadedModel model, Plan plan, ITransportFactory transports)
    {
        lock (_gate)
        {
            if (!_runners.TryGetValue(model.Name, out StepRunner? runner))
            {
                List<BoardModel> boards = [.. plan.Boards.Select(name => Find(name).Model(model))];
                int head = plan.Boards.ToList().IndexOf(plan.HeadBoard);
                runner = new StepRunner(model.Weights, boards, transports.Connect(plan, SizeOf(model, plan)), head, model.Limits, _threads);
                _runners.Add(model.Name, runner);
            }

            return runner;
        }
    }

    /// <summary>
    /// Lets the steps under way come to their ends and stops all step runners. Before the grains go: a board that waits for a layer grain's sum
    /// would hold that grain's silo up until the call times out.
    /// </summary>
    public void StopSteps()
    {
        lock (_gate)
        {
            foreach (StepRunner runner in _runners.Values)
            {
                runner.Drain(s_drainLimit);
                runner.Dispose();
            }
        }
    }

    /// <summary>Stops all step runners, then frees the boards.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (StepRunner runner in _runners.Values)
            {
                runner.Dispose();
            }

            _runners.Clear();
        }

        foreach (Board board in Boards)
        {
            board.Dispose();
        }
    }

    private static FabricSize SizeOf(LoadedModel model, Plan plan) => new()
    {
        BoardCount = plan.Boards.Count,
        StageCount = 2 * model.Weights.Config.LayerCount,
        MaxRows = model.Limits.MaxRows,
        MaxLogitRows = model.Limits.MaxLogitRows,
        HiddenSize = model.Weights.Config.HiddenSize,
        VocabularySize = model.Weights.Config.VocabularySize,
        AnnouncementBytes = StepCodec.MaxBytes(model.Limits, model.Weights.Config.HiddenSize),
    };
}
