namespace Halo.Grains;

/// <summary>
/// One board's slice of one layer, or of the LM head; its key is <c>model/layer/kind-index</c>. A shard is on a board because this grain is
/// active there: activation loads and registers it, deactivation takes it off, migration moves it with its KV.
/// </summary>
[Alias("halo.neuron-shard")]
public interface INeuronShardGrain : IGrainWithStringKey
{
    /// <summary>Sees to it that the shard is loaded and registered as a plan wants it.</summary>
    /// <param name="planVersion">A plan that this board was given.</param>
    /// <param name="takeKv">Take over the KV of the board where the shard was: the same boards go on with the same shards, some elsewhere.</param>
    [Alias("prepare")]
    [ResponseTimeout("00:30:00")]
    Task<ShardStatus> PrepareAsync(int planVersion, bool takeKv);

    /// <summary>Starts the shard's migration to the board that a new plan names; <see cref="PrepareAsync"/> then reaches it there.</summary>
    [Alias("move")]
    Task MoveAsync(int planVersion);

    /// <summary>Takes over the KV that was added since the shard arrived; no step may be under way.</summary>
    [Alias("complete-move")]
    [ResponseTimeout("00:30:00")]
    Task CompleteMoveAsync();

    /// <summary>Deactivates the grain and so takes the shard off its board, until it is needed again.</summary>
    [Alias("release")]
    Task ReleaseAsync();
}

/// <summary>Where a shard is registered.</summary>
/// <param name="Shard">The shard's name.</param>
/// <param name="Board">The board.</param>
/// <param name="PlanVersion">The plan it was prepared for.</param>
[GenerateSerializer, Immutable, Alias("halo.shard-status")]
public sealed record ShardStatus([property: Id(0)] string Shard, [property: Id(1)] string Board, [property: Id(2)] int PlanVersion);
