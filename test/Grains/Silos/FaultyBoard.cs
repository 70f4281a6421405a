using Halo.Boards;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Grains.Tests.Silos;

/// <summary>A board that takes no new plans while there is a fault.</summary>
internal sealed class FaultyBoard(IBoard board, Func<Exception?> fault) : IBoard
{
    public BoardProfile Profile => board.Profile;

    public int Cores => board.Cores;

    public Task PrepareAsync(Plan plan) => fault() is { } thrown ? Task.FromException(thrown) : board.PrepareAsync(plan);

    public Task<ShareStatistics> GetStatisticsAsync(string model) => board.GetStatisticsAsync(model);

    public Task<SessionLinks> GetLinksAsync(string model) => board.GetLinksAsync(model);

    public Task CommitAsync(string model, int version) => board.CommitAsync(model, version);

    public Task RetireAsync(string model) => board.RetireAsync(model);

    public Task AbandonAsync(string model, int version) => board.AbandonAsync(model, version);

    public Task<bool> RegisterAsync(string model, ShardSlice slice) => board.RegisterAsync(model, slice);

    public Task UnregisterAsync(string model, ShardSlice slice, bool untilRetired) => board.UnregisterAsync(model, slice, untilRetired);

    public Task<IReadOnlyList<KvBlock>> ExportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvMark> known) => board.ExportKvAsync(model, slice, known);

    public Task<IReadOnlyList<KvMark>> ImportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvBlock> blocks) => board.ImportKvAsync(model, slice, blocks);
}
