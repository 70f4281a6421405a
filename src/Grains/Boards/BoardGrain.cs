using Halo.Boards;
using Halo.Grains.Placement;
using Halo.Planning.Assignment;

namespace Halo.Grains.Boards;

/// <summary>Speaks for the board of its silo.</summary>
[BoardPlacement]
internal sealed class BoardGrain(Board board, ModelCatalog models, PlanCatalog plans) : Grain, IBoardGrain
{
    public Task<BoardCapabilities> GetCapabilitiesAsync() => Task.FromResult(new BoardCapabilities(
        board.Name, Environment.ProcessorCount, board.Profile.BytesPerSecond, board.Profile.MemoryBytes));

    public Task<BoardStatistics> GetStatisticsAsync(string model) => Task.FromResult(
        board.Models.TryGetValue(model, out BoardModel? share)
            ? new BoardStatistics(board.Name, share.ShardCount, share.SequenceCount, share.KvBytes, share.CopiedBytes, share.CommittedVersion)
            : new BoardStatistics(board.Name, 0, 0, 0, 0, 0));

    public Task PreparePlanAsync(PlanDocument document)
    {
        Plan plan = document.ToPlan();
        Share(plan.Model).Prepare(plan);
        plans.Add(plan);
        return Task.CompletedTask;
    }

    public Task CommitPlanAsync(string model, int version)
    {
        Share(model).Commit(version);
        return Task.CompletedTask;
    }

    public Task RetirePlansAsync(string model)
    {
        BoardModel share = Share(model);
        share.Retire();
        plans.RemoveBefore(model, share.CommittedVersion);
        return Task.CompletedTask;
    }

    public Task AbandonPlanAsync(string model, int version)
    {
        Share(model).Abandon(version);
        plans.Remove(model, version);
        return Task.CompletedTask;
    }

    private BoardModel Share(string model) => board.Model(models.Open(model));
}
