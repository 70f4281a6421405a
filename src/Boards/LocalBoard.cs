using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards;

/// <summary>A board of this process, for grains. Its model files are those of the process.</summary>
/// <param name="board">The board.</param>
/// <param name="models">The models that can be served.</param>
public sealed class LocalBoard(Board board, ModelCatalog models) : IBoard
{
    /// <summary>The board itself.</summary>
    public Board Board => board;

    /// <inheritdoc/>
    public BoardProfile Profile => board.Profile;

    /// <inheritdoc/>
    public int Cores => Environment.ProcessorCount;

    /// <inheritdoc/>
    public Task<ShareStatistics> GetStatisticsAsync(string model) => Task.FromResult(
        board.Models.TryGetValue(model, out BoardModel? share) ? share.Statistics : ShareStatistics.None);

    /// <inheritdoc/>
    public Task<SessionLinks> GetLinksAsync(string model) => Task.FromResult(
        board.Models.TryGetValue(model, out BoardModel? share) ? share.Links : SessionLinks.None);

    /// <inheritdoc/>
    public Task PrepareAsync(Plan plan) => Task.Run(() => Share(plan.Model).Prepare(plan)); // may read the model's file for its hash

    /// <inheritdoc/>
    public Task CommitAsync(string model, int version)
    {
        Share(model).Commit(version);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RetireAsync(string model)
    {
        Share(model).Retire();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task AbandonAsync(string model, int version)
    {
        Share(model).Abandon(version);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> RegisterAsync(string model, ShardSlice slice) => Task.Run(() => Share(model).Register(slice));

    /// <inheritdoc/>
    public Task UnregisterAsync(string model, ShardSlice slice, bool untilRetired)
    {
        Share(model).Unregister(slice, untilRetired);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<KvBlock>> ExportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvMark> known) =>
        Share(model).ExportKvAsync(slice, known);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KvMark>> ImportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvBlock> blocks) =>
        Share(model).ImportKvAsync(slice, blocks);

    private BoardModel Share(string model) => board.Model(models.Open(model));
}
