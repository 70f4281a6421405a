using Halo.Boards;
using Halo.Grains.Placement;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Grains.Shards;

/// <summary>
/// Holds a shard on the board of its silo. It is kept until somebody releases it: an idle shard is a loaded one, not one to be collected.
/// </summary>
[NeuronShardPlacement]
[KeepAlive]
internal sealed class NeuronShardGrain(IBoard board, BoardDirectory boards, PlanCatalog plans)
    : Grain, INeuronShardGrain, IGrainMigrationParticipant
{
    private const string SourceKey = "halo.kv-source";

    private string _model = "";
    private ShardId _shard;
    private ShardSlice? _held;
    private string? _source; // the board this shard came from, until the last of its KV has been taken over
    private IReadOnlyList<KvMark> _copied = [];

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_model, _shard) = GrainKeys.ShardOf(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_held is { } slice)
        {
            try
            {
                await board.UnregisterAsync(_model, slice, untilRetired: reason.ReasonCode == DeactivationReasonCode.Migrating);
            }
            catch (BoardLostException)
            {
                // The shard went with its board.
            }
        }
    }

    // KV travels from board to board; only the address of where it is goes with the grain.
    public void OnDehydrate(IDehydrationContext dehydrationContext) => dehydrationContext.TryAddValue(SourceKey, board.Name);

    public void OnRehydrate(IRehydrationContext rehydrationContext) => rehydrationContext.TryGetValue(SourceKey, out _source);

    public async Task<ShardStatus> PrepareAsync(int planVersion, bool takeKv)
    {
        ShardAssignment? assignment = plans.Find(_model, planVersion)?.Find(_shard);
        if (assignment is null || assignment.Board != board.Name)
        {
            // A shard activated under a plan that has been overtaken registers nothing and goes where it belongs.
            MigrateOnIdle();
            return new ShardStatus(_shard.ToString(), "", planVersion);
        }

        bool loaded = await board.RegisterAsync(_model, assignment.Slice);
        if (_held is { } before && before != assignment.Slice)
        {
            await board.UnregisterAsync(_model, before, untilRetired: true);
        }

        // Where a move was given up the shard comes back to the board that never stopped stepping it: the KV there is the true one.
        bool cameBack = !loaded && _held is null;
        if (!takeKv || cameBack || _shard.Kind != ShardKind.Attention)
        {
            _source = null;
        }

        _held = assignment.Slice;

        await CopyKvAsync();
        return new ShardStatus(_shard.ToString(), board.Name, planVersion);
    }

    public Task MoveAsync(int planVersion)
    {
        if (plans.Find(_model, planVersion)?.Find(_shard) is { } assignment && assignment.Board != board.Name)
        {
            MigrateOnIdle();
        }

        return Task.CompletedTask;
    }

    public async Task CompleteMoveAsync()
    {
        await CopyKvAsync();
        _source = null;
        _copied = [];
    }

    public Task ReleaseAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    private async Task CopyKvAsync()
    {
        if (_source is not null && _held is { } slice)
        {
            IReadOnlyList<KvBlock> blocks = await boards.Find(_source).ExportKvAsync(_model, slice, _copied);
            _copied = await board.ImportKvAsync(_model, slice, blocks);
        }
    }
}
