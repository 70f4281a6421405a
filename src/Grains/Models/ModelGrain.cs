using System.Diagnostics;
using Halo.Boards;
using Halo.Grains.Placement;
using Halo.Inference.Gguf;
using Halo.Planning;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;
using Microsoft.Extensions.Logging;

namespace Halo.Grains.Models;

/// <summary>
/// Makes a model's plans and carries them out: prepare on all boards, activate or move the shard grains, switch between two steps, retire the
/// plan before. One thing at a time: a call waits for the one before it.
/// </summary>
[HeadBoardPlacement]
[KeepAlive]
internal sealed class ModelGrain(
    IBoard board, ModelCatalog models, BoardMap boards, SiloChanges changes, PlanOptions options, ILogger<ModelGrain> log) : Grain, IModelGrain
{
    // A shard that was activated on the wrong board goes to the right one by itself; more than a few rounds means that it cannot.
    private const int MostMigrations = 5;

    // Each loss takes a board out, so this is patience with boards that come back and go again.
    private const int MostBoardLosses = 8;

    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(250);

    private readonly LeftOutBoards _leftOut = new(boards);
    private PlanReview? _review;
    private Plan? _plan;
    private IReadOnlyList<SiloAddress?> _silos = []; // of the plan's boards, when it was carried out
    private int _lastVersion; // of all plans, also of those that were given up
    private bool _needsRepair;

    private string Model => this.GetPrimaryKeyString();

    private PlanReview Review => _review ??= new PlanReview(
        GrainFactory, Model, options, () => models.OpenNames.Contains(Model) ? models.Open(Model).Importance : null);

    private string HeadBoard => options.HeadBoard ?? board.Name;

    // A board that came back as another process is another silo under the same name.
    private bool IsReady => _plan is not null && !_needsRepair && _plan.Boards.SequenceEqual(_leftOut.Usable) && _silos.SequenceEqual(Silos(_plan.Boards));

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        IModelGrain self = GrainFactory.GetGrain<IModelGrain>(Model);
        Review.Start(self.ReviewPlanAsync);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _review?.Dispose();
        return Task.CompletedTask;
    }

    public async Task<ModelStatus> EnsureReadyAsync()
    {
        LoadedModel model = Open();
        long begin = Stopwatch.GetTimestamp();
        for (int attempt = 1; !IsReady; attempt++)
        {
            IReadOnlyList<string> active = _leftOut.Usable;
            IReadOnlyList<SiloAddress?> silos = Silos(active);
            try
            {
                bool sameBoards = _plan is not null && _plan.Boards.SequenceEqual(active);
                await CarryOutAsync(sameBoards ? _plan! with { Version = ++_lastVersion } : await MakePlanAsync(model, active), []);
            }
            catch (BoardLostException) when (attempt < MostBoardLosses || Stopwatch.GetElapsedTime(begin) < options.Patience)
            {
                // Boards may go while a plan is carried out; the next plan does without those.
                await WaitForChangeAsync(silos);
            }
            catch (ModelUnavailableException) when (attempt < MostBoardLosses && !active.SequenceEqual(_leftOut.Usable))
            {
                // What went wrong may well have been that boards came or went meanwhile.
            }
            catch (BoardLostException fault)
            {
                throw new ModelUnavailableException(ModelFault.Failed, fault.Message);
            }
            catch (BoardRefusedException fault) when (fault.Board != HeadBoard && active.Count > 1)
            {
                // Service on fewer boards is better than none.
                _leftOut.Add(fault.Board, fault.Message, heldShards: _plan?.Boards.Contains(fault.Board) ?? false);
                GrainsLog.BoardLeftOut(log, Model, fault.Board, fault.Message);
            }
            catch (BoardRefusedException fault)
            {
                throw Refused(fault);
            }
        }

        int contextLength = Math.Min(model.Weights.Config.ContextLength, _plan!.KvPositions);
        return new ModelStatus(Model, contextLength, _plan.Version, _plan.HeadBoard);
    }

    public async Task<PlanDocument> GetPlanAsync()
    {
        await EnsureReadyAsync();
        return PlanDocument.Of(_plan!);
    }

    public async Task<PlanDocument> MoveShardAsync(string shard, string board)
    {
        await EnsureReadyAsync();
        if (!ShardId.TryParse(shard, out ShardId id))
        {
            throw new BadRequestException("shard", $"'{shard}' is no shard name; expected for example 3/attention-1 or output/vocabulary-0.");
        }

        Plan plan;
        try
        {
            plan = _plan!.Move(id, board) with { Version = _lastVersion + 1 };
        }
        catch (ArgumentException fault)
        {
            throw new BadRequestException(fault.ParamName ?? "shard", fault.Message);
        }

        if (_plan.Find(id)!.Board != board)
        {
            _lastVersion++;
            try
            {
                await CarryOutAsync(plan, [plan.Find(id)!]);
            }
            catch (BoardRefusedException fault)
            {
                throw Refused(fault);
            }

            GrainsLog.ShardMoved(log, Model, shard, board, plan.Version);
        }

        return PlanDocument.Of(_plan);
    }

    public async Task ReviewPlanAsync()
    {
        if (!IsReady)
        {
            return; // What is to be mended is mended when somebody asks.
        }

        try
        {
            Plan before = _plan!;
            if (await Review.LookAsync(before, Open().Profile) is { Plan: { } next } decision)
            {
                await ReplaceAsync(before, next with { Version = ++_lastVersion });
                GrainsLog.PlanReplaced(log, Model, _plan!.Version, decision.MovedGroups, decision.Gain);
            }
        }
        catch (Exception fault)
        {
            GrainsLog.ReviewFailed(log, Model, fault.Message);
        }
    }

    public async Task WithdrawBoardAsync(string board)
    {
        _leftOut.Add(board, "it is being stopped.", heldShards: false);
        if (_plan is not null)
        {
            await EnsureReadyAsync();
        }
    }

    public Task ReportFailureAsync(int planVersion)
    {
        _needsRepair |= _plan?.Version == planVersion;
        return Task.CompletedTask;
    }

    private LoadedModel Open()
    {
        try
        {
            return models.Open(Model);
        }
        catch (KeyNotFoundException fault)
        {
            DeactivateOnIdle(); // a board that has the file may come
            throw new ModelUnavailableException(ModelFault.Unknown, fault.Message);
        }
        catch (Exception fault) when (fault is GgufFormatException or IOException or UnauthorizedAccessException)
        {
            throw new ModelUnavailableException(ModelFault.Unusable, fault.Message);
        }
    }

    private async Task<Plan> MakePlanAsync(LoadedModel model, IReadOnlyList<string> active)
    {
        BoardCapabilities[] capabilities = await AskAllAsync(active, board => board.GetCapabilitiesAsync());

        // Where this grain lived on a board that is gone, the others know its plans: a new one must be newer.
        int[] known = await AskAllAsync(active, board => board.GetNewestPlanVersionAsync(Model));
        _lastVersion = Math.Max(_lastVersion, known.Max());
        IReadOnlyList<BoardProfile> profiles = Review.Profiles(capabilities, HeadBoard);
        try
        {
            return Planner.Create(model.Profile, profiles, Review.Request(++_lastVersion, HeadBoard));
        }
        catch (PlanDoesNotFitException fault)
        {
            throw new ModelUnavailableException(ModelFault.DoesNotFit, fault.Message + _leftOut.Reasons);
        }
    }

    private ModelUnavailableException Refused(BoardRefusedException fault) => new(ModelFault.DoesNotFit, fault.Message + _leftOut.Reasons);

    private async Task CarryOutAsync(Plan plan, IReadOnlyList<ShardAssignment> moved)
    {
        // Boards that the plan does without, some of them lost: as long as they have a silo their shards must learn where to go.
        IReadOnlyList<SiloAddress?> silos = Silos(plan.Boards);
        string[] others = [.. _plan?.Boards.Except(plan.Boards).Where(board => boards.SiloOf(board) is not null) ?? []];
        Laps laps = new();
        try
        {
            PlanDocument document = PlanDocument.Of(plan);
            await OnBoardsThatAnswer(plan, others, board => board.PreparePlanAsync(document));
            await Task.WhenAll(plan.Boards.Select(board => BoardCalls.Naming(board, Board(board).PreparePlanAsync(document))));
            double weights = laps.Next();
            await Task.WhenAll(moved.Select(assignment => Shard(assignment).MoveAsync(plan.Version)));
            await PrepareShardsAsync(plan, moved);
            double shards = laps.Next();
            await GrainFactory.GetGrain<ISchedulerGrain>(Model).SwitchPlanAsync(plan.Version, [.. moved.Select(assignment => assignment.Shard.ToString())]);
            GrainsLog.PlanCarriedOut(log, plan.Version, Model, weights, shards, laps.Next());
        }
        catch (Exception fault)
        {
            GrainsLog.PlanAbandoned(log, plan.Version, Model, fault.Message);
            await OnBoardsThatAnswer(plan, plan.Boards.Concat(others), board => board.AbandonPlanAsync(Model, plan.Version));
            _needsRepair = true;
            throw fault switch
            {
                BoardLostException or BoardRefusedException => fault,
                _ when BoardCalls.IsSilence(fault) => new BoardLostException("", fault.Message),
                _ => new ModelUnavailableException(ModelFault.Failed, fault.Message),
            };
        }

        _plan = plan;
        _silos = silos;
        _needsRepair = false;
        await OnBoardsThatAnswer(plan, plan.Boards.Concat(others), board => board.RetirePlansAsync(Model, plan.Version));
        _leftOut.AskAgain();
        if (moved.Count == 0)
        {
            GrainsLog.ModelReady(log, Model, plan.Version, plan.Shards.Count, plan.Boards.Count, plan.HeadBoard);
        }
    }

    // Shards that only one of the plans has are released where the other one is in force.
    private async Task ReplaceAsync(Plan before, Plan next)
    {
        try
        {
            await CarryOutAsync(next, next.ChangesFrom(before));
            Review.CarriedOut();
        }
        finally
        {
            IEnumerable<ShardId> gone = ReferenceEquals(_plan, next) ? next.GoneFrom(before) : before.GoneFrom(next);
            await ShardReleases.ReleaseAsync(GrainFactory, Model, gone, log);
        }
    }

    private async Task<T[]> AskAllAsync<T>(IReadOnlyList<string> names, Func<IBoardGrain, Task<T>> ask)
    {
        Task<T>[] asked = [.. names.Select(name => ask(Board(name)))];
        await Task.WhenAll(names.Select((name, index) => BoardCalls.Naming(name, asked[index])));
        return await Task.WhenAll(asked);
    }

    // Until a silo that does not answer is known to be gone, nothing can take its place; one that has just come may not know the others yet.
    private async Task WaitForChangeAsync(IReadOnlyList<SiloAddress?> silos)
    {
        Task next = changes.Next;
        if (options.Patience > TimeSpan.Zero && silos.SequenceEqual(Silos(_leftOut.Usable)))
        {
            await Task.WhenAny(next, Task.Delay(s_retry));
        }
    }

    // Only single moves take KV along: with other boards, or the same ones joined anew, what runs is computed again.
    private Task PrepareShardsAsync(Plan plan, IReadOnlyList<ShardAssignment> moved) => Task.WhenAll(
        (moved.Count > 0 ? moved : plan.Shards).Select(assignment => PrepareShardAsync(plan, assignment, takeKv: moved.Count > 0)));

    private async Task PrepareShardAsync(Plan plan, ShardAssignment assignment, bool takeKv)
    {
        for (int attempt = 0; attempt < MostMigrations; attempt++)
        {
            Task<ShardStatus> preparing = Shard(assignment).PrepareAsync(plan.Version, takeKv);
            await BoardCalls.Naming(assignment.Board, preparing);
            if ((await preparing).Board == assignment.Board)
            {
                return;
            }
        }

        throw new InvalidOperationException($"Shard {Model}/{assignment.Shard} does not come to rest on board {assignment.Board}.");
    }

    // What is lost needs no clearing up; what is not must get it all the same.
    private Task OnBoardsThatAnswer(Plan plan, IEnumerable<string> names, Func<IBoardGrain, Task> call) => Task.WhenAll(names.Select(async board =>
    {
        try
        {
            await call(Board(board));
        }
        catch (Exception fault)
        {
            GrainsLog.BoardNotCleared(log, board, Model, plan.Version, fault.Message);
        }
    }));

    private SiloAddress?[] Silos(IEnumerable<string> names) => [.. names.Select(boards.SiloOf)];

    private IBoardGrain Board(string name) => GrainFactory.GetGrain<IBoardGrain>(name);

    private INeuronShardGrain Shard(ShardAssignment assignment) =>
        GrainFactory.GetGrain<INeuronShardGrain>(GrainKeys.Shard(Model, assignment.Shard));
}
