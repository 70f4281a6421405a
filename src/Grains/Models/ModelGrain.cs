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
internal sealed class ModelGrain(ModelCatalog models, BoardMap boards, PlanOptions options, ILogger<ModelGrain> log) : Grain, IModelGrain
{
    // A shard that was activated on the wrong board goes to the right one by itself; more than a few rounds means that it cannot.
    private const int MostMigrations = 5;

    // Each loss takes a board out, so this is patience with boards that come back and go again.
    private const int MostBoardLosses = 8;

    private readonly LeftOutBoards _leftOut = new(boards);
    private Plan? _plan;
    private int _lastVersion; // of all plans, also of those that were given up
    private bool _needsRepair;

    private string Model => this.GetPrimaryKeyString();

    private bool IsReady => _plan is not null && !_needsRepair && _plan.Boards.SequenceEqual(_leftOut.Usable);

    public async Task<ModelStatus> EnsureReadyAsync()
    {
        LoadedModel model = Open();
        for (int attempt = 1; !IsReady; attempt++)
        {
            IReadOnlyList<string> active = _leftOut.Usable;
            try
            {
                bool sameBoards = _plan is not null && _plan.Boards.SequenceEqual(active);
                await CarryOutAsync(sameBoards ? _plan! with { Version = ++_lastVersion } : await MakePlanAsync(model, active), []);
            }
            catch (BoardLostException) when (attempt < MostBoardLosses)
            {
                // Boards may go while a plan is carried out; the next plan does without those.
            }
            catch (ModelUnavailableException) when (attempt < MostBoardLosses && !active.SequenceEqual(_leftOut.Usable))
            {
                // What went wrong may well have been that boards came or went meanwhile.
            }
            catch (BoardLostException fault)
            {
                throw new ModelUnavailableException(ModelFault.Failed, fault.Message);
            }
            catch (BoardTooSmallException fault) when (fault.Board != options.HeadBoard && active.Count > 1)
            {
                // Service on fewer boards is better than none.
                _leftOut.Add(fault.Board, fault.Message, heldShards: _plan?.Boards.Contains(fault.Board) ?? false);
                GrainsLog.BoardLeftOut(log, Model, fault.Board, fault.Message);
            }
            catch (BoardTooSmallException fault)
            {
                throw TooSmall(fault);
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
            catch (BoardTooSmallException fault)
            {
                throw TooSmall(fault);
            }

            GrainsLog.ShardMoved(log, Model, shard, board, plan.Version);
        }

        return PlanDocument.Of(_plan);
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
            throw new ModelUnavailableException(ModelFault.Unknown, fault.Message);
        }
        catch (Exception fault) when (fault is GgufFormatException or IOException or UnauthorizedAccessException)
        {
            throw new ModelUnavailableException(ModelFault.Unusable, fault.Message);
        }
    }

    private async Task<Plan> MakePlanAsync(LoadedModel model, IReadOnlyList<string> active)
    {
        BoardCapabilities[] capabilities = await Task.WhenAll(active.Select(board => Board(board).GetCapabilitiesAsync()));
        PlanRequest request = new()
        {
            Version = ++_lastVersion,
            KvPositions = options.KvPositions,
            HeadBoard = options.HeadBoard,
            HeadHoldsShards = options.HeadHoldsShards,
        };
        try
        {
            return Planner.Create(
                model.Profile, [.. capabilities.Select(board => new BoardProfile(board.Name, board.BytesPerSecond, board.MemoryBytes))], request);
        }
        catch (PlanDoesNotFitException fault)
        {
            throw new ModelUnavailableException(ModelFault.DoesNotFit, fault.Message + _leftOut.Reasons);
        }
    }

    private ModelUnavailableException TooSmall(BoardTooSmallException fault) => new(ModelFault.DoesNotFit, fault.Message + _leftOut.Reasons);

    private async Task CarryOutAsync(Plan plan, IReadOnlyList<ShardAssignment> moved)
    {
        // Boards that the plan does without, some of them lost: as long as they have a silo their shards must learn where to go.
        string[] others = [.. _plan?.Boards.Except(plan.Boards).Where(board => boards.SiloOf(board) is not null) ?? []];
        try
        {
            PlanDocument document = PlanDocument.Of(plan);
            await OnBoardsThatAnswer(plan, others, board => board.PreparePlanAsync(document));
            await Task.WhenAll(plan.Boards.Select(board => BoardTooSmallException.Naming(board, Board(board).PreparePlanAsync(document))));
            await Task.WhenAll(moved.Select(assignment => Shard(assignment).MoveAsync(plan.Version)));
            await PrepareShardsAsync(plan, moved);
            await GrainFactory.GetGrain<ISchedulerGrain>(Model).SwitchPlanAsync(plan.Version, [.. moved.Select(assignment => assignment.Shard.ToString())]);
        }
        catch (Exception fault)
        {
            GrainsLog.PlanAbandoned(log, plan.Version, Model, fault.Message);
            await OnBoardsThatAnswer(plan, plan.Boards.Concat(others), board => board.AbandonPlanAsync(Model, plan.Version));
            _needsRepair = true;
            throw fault is BoardLostException or BoardTooSmallException ? fault : new ModelUnavailableException(ModelFault.Failed, fault.Message);
        }

        _plan = plan;
        _needsRepair = false;
        await OnBoardsThatAnswer(plan, plan.Boards.Concat(others), board => board.RetirePlansAsync(Model, plan.Version));
        _leftOut.AskAgain();
        if (moved.Count == 0)
        {
            GrainsLog.ModelReady(log, Model, plan.Version, plan.Shards.Count, plan.Boards.Count, plan.HeadBoard);
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
            await BoardTooSmallException.Naming(assignment.Board, preparing);
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

    private IBoardGrain Board(string name) => GrainFactory.GetGrain<IBoardGrain>(name);

    private INeuronShardGrain Shard(ShardAssignment assignment) =>
        GrainFactory.GetGrain<INeuronShardGrain>(GrainKeys.Shard(Model, assignment.Shard));
}
