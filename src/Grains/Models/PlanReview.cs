using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Planning.Profiles;
using Halo.Planning.Replanning;

namespace Halo.Grains.Models;

/// <summary>
/// Looks at a model's boards from time to time: how much their links lose and how fast they are, and whether that asks for another plan. Only of models
/// whose importance is known: for others loss says nothing about who should hold what.
/// </summary>
/// <param name="grains">Finds the boards' grains.</param>
/// <param name="model">The model.</param>
/// <param name="options">What is asked of plans.</param>
/// <param name="loaded">What lies beside the model's file, once that is open.</param>
internal sealed class PlanReview(IGrainFactory grains, string model, PlanOptions options, Func<ModelImportance?>? loaded = null) : IDisposable
{
    private const double LeastTailLoss = 0.01; // what may be missed will be, sooner or later

    private static readonly PlanRequest s_defaults = new();

    private readonly Dictionary<string, double> _losses = new(options.Losses); // as they were last told
    private IReadOnlyList<BoardProfile> _then = []; // what the plan in force was made for
    private IReadOnlyList<BoardProfile> _now = []; // as the last look saw them
    private ITimer? _timer;
    private int _looks;
    private int _isAsking;

    private ModelImportance? Importance => options.Importance.GetValueOrDefault(model) ?? loaded?.Invoke();

    /// <summary>Begins to ask the model's grain for a review once in a while. The grain is asked, not run into: looks wait for their turn.</summary>
    /// <param name="ask">Asks; faults are the asked one's matter.</param>
    internal void Start(Func<Task> ask)
    {
        if (options.ReviewPeriod <= TimeSpan.Zero)
        {
            return;
        }

        // What the caller carries along belongs to its request.
        using AsyncFlowControl flow = ExecutionContext.SuppressFlow();
        _timer = options.Time.CreateTimer(_ => _ = AskAsync(ask), null, options.ReviewPeriod, options.ReviewPeriod);
    }

    /// <summary>The boards with what is known of their links, which is what the next plan is made for.</summary>
    /// <param name="boards">The boards, in the plan's order.</param>
    /// <param name="headBoard">The head board.</param>
    internal IReadOnlyList<BoardProfile> Profiles(IReadOnlyList<BoardCapabilities> boards, string headBoard)
    {
        _looks = 0;
        return _then = Now(boards, headBoard);
    }

    /// <summary>What is asked of a plan.</summary>
    /// <param name="version">Its version.</param>
    /// <param name="headBoard">The head board.</param>
    internal PlanRequest Request(int version, string headBoard) => new()
    {
        Version = version,
        KvPositions = options.KvPositions,
        HeadBoard = headBoard,
        HeadHoldsShards = options.HeadHoldsShards,
        Importance = Importance,
        Placement = options.Placement,
        LossWeight = options.LossWeight ?? s_defaults.LossWeight,
        HeadGroupsMove = Importance is not null,
    };

    /// <summary>One look at the boards of a plan.</summary>
    /// <returns>What to carry out instead, or null.</returns>
    /// <exception cref="TimeoutException">A board did not answer within a period; the next look asks again.</exception>
    internal async Task<ReplanDecision?> LookAsync(Plan plan, ModelProfile profile)
    {
        if (Importance is null || !plan.Boards.SequenceEqual(_then.Select(board => board.Name)))
        {
            return null;
        }

        TimeSpan patience = options.ReviewPeriod > TimeSpan.Zero ? options.ReviewPeriod : TimeSpan.FromSeconds(5);
        IBoardGrain[] boards = [.. plan.Boards.Select(name => grains.GetGrain<IBoardGrain>(name))];
        Task<BoardLinks[]> links = Task.WhenAll(boards.Select(board => board.GetLinksAsync(model)));
        Task<BoardCapabilities[]> capabilities = Task.WhenAll(boards.Select(board => board.GetCapabilitiesAsync()));
        await Task.WhenAll(links, capabilities).WaitAsync(patience);
        foreach ((string board, double loss) in LinkLosses.Of(await links))
        {
            _losses[board] = loss;
        }

        IReadOnlyList<BoardProfile> now = Now(await capabilities, plan.HeadBoard);
        ReplanDecision decision = Replanner.Decide(profile, Request(plan.Version, plan.HeadBoard), plan, _then, now, _looks, options.ReplanRule);
        _looks = decision.Looks;
        _now = now;
        return decision.Plan is null ? null : decision;
    }

    /// <summary>The plan of the last look is in force.</summary>
    internal void CarriedOut() => (_then, _looks) = (_now, 0);

    public void Dispose() => _timer?.Dispose();

    private BoardProfile[] Now(IReadOnlyList<BoardCapabilities> boards, string headBoard)
    {
        List<string> byRank = [headBoard, .. boards.Select(board => board.Name).Where(name => name != headBoard)];
        double Loss(string board) => options.CriticalBoards == 0 ? _losses.GetValueOrDefault(board)
            : byRank.IndexOf(board) < options.CriticalBoards ? 0
            : Math.Max(_losses.GetValueOrDefault(board), LeastTailLoss);
        return [.. boards.Select(board => new BoardProfile(board.Name, board.BytesPerSecond, board.MemoryBytes) { Loss = Loss(board.Name), Streams = board.Streams })];
    }

    // A look that takes longer than a period is not asked for twice.
    private async Task AskAsync(Func<Task> ask)
    {
        if (Interlocked.Exchange(ref _isAsking, 1) != 0)
        {
            return;
        }

        try
        {
            await ask();
        }
        catch (Exception)
        {
            // The grain has said what there is to say, or its silo is ending.
        }
        finally
        {
            Volatile.Write(ref _isAsking, 0);
        }
    }
}
