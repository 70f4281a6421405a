using Halo.Grains.Placement;

namespace Halo.Grains.Clusters;

/// <summary>Reads what silos say of themselves; any silo can.</summary>
internal sealed class ClusterGrain(BoardMap boards, PlanCatalog plans) : Grain, IClusterGrain
{
    public Task<ClusterStatus> GetStatusAsync()
    {
        IReadOnlyList<(BoardFacts Facts, bool IsActive)> all = boards.All;
        BoardPresence[] present = [.. all.Select(board => new BoardPresence(
            board.Facts.Name, board.Facts.Control?.OriginalString ?? "", board.IsActive, board.Facts.Cores, board.Facts.BytesPerSecond, board.Facts.MemoryBytes))];
        IEnumerable<ModelPresence> models =
            from board in all
            from model in board.Facts.Models
            group board.Facts.Name by model into holders
            orderby holders.Key
            select new ModelPresence(holders.Key, [.. holders], plans.Newest(holders.Key)?.HeadBoard ?? "");
        return Task.FromResult(new ClusterStatus(present, [.. models]));
    }
}
