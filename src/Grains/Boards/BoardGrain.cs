using Halo.Boards;
using Halo.Grains.Placement;
using Halo.Planning.Assignment;

namespace Halo.Grains.Boards;

/// <summary>Speaks for the board of its silo.</summary>
[BoardPlacement]
internal sealed class BoardGrain(IBoard board, PlanCatalog plans) : Grain, IBoardGrain
{
    public Task<BoardCapabilities> GetCapabilitiesAsync() =>
        Task.FromResult(new BoardCapabilities(board.Name, board.Cores, board.Profile.BytesPerSecond, board.Profile.MemoryBytes, board.Profile.Streams));

    public async Task<BoardStatistics> GetStatisticsAsync(string model)
    {
        ShareStatistics share = await board.GetStatisticsAsync(model);
        return new BoardStatistics(
            board.Name, share.ShardCount, share.SequenceCount, share.KvBytes, share.CopiedWeightBytes, share.ReceivedWeightBytes, share.PlanVersion);
    }

    public async Task<BoardLinks> GetLinksAsync(string model) => LinkReports.Of(board.Name, await board.GetLinksAsync(model));

    public Task<int> GetNewestPlanVersionAsync(string model) => Task.FromResult(plans.Newest(model)?.Version ?? 0);

    public async Task PreparePlanAsync(PlanDocument document)
    {
        Plan plan = document.ToPlan();
        if (plan.Boards.Contains(board.Name))
        {
            await board.PrepareAsync(plan);
        }

        plans.Add(plan);
    }

    public Task CommitPlanAsync(string model, int version) => board.CommitAsync(model, version);

    public async Task RetirePlansAsync(string model, int committedVersion)
    {
        plans.RemoveBefore(model, committedVersion);
        await UnlessLostAsync(board.RetireAsync(model));
    }

    public async Task AbandonPlanAsync(string model, int version)
    {
        plans.Remove(model, version);
        await UnlessLostAsync(board.AbandonAsync(model, version));
    }

    // A board that is lost has nothing left to clear.
    private static async Task UnlessLostAsync(Task clearing)
    {
        try
        {
            await clearing;
        }
        catch (BoardLostException)
        {
        }
    }
}
