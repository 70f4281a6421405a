namespace Halo.Grains;

/// <summary>One board of the cluster; its key is the board's name, and it lives on that board's silo.</summary>
[Alias("halo.board")]
public interface IBoardGrain : IGrainWithStringKey
{
    /// <summary>What the board can do.</summary>
    [Alias("capabilities")]
    Task<BoardCapabilities> GetCapabilitiesAsync();

    /// <summary>What the board holds of a model right now.</summary>
    [Alias("statistics")]
    Task<BoardStatistics> GetStatisticsAsync(string model);

    /// <summary>How the board exchanges a model's sums with others, and what it knows of its links right now.</summary>
    [Alias("links")]
    Task<BoardLinks> GetLinksAsync(string model);

    /// <summary>The newest plan of a model that this board's silo knows, prepared or committed; 0 where it knows none.</summary>
    [Alias("newest-plan")]
    Task<int> GetNewestPlanVersionAsync(string model);

    /// <summary>
    /// Gives the board a new plan to prepare for; a board that has no part in it only learns where its shards go. It fails where the board's
    /// memory or disk is too small for its part.
    /// </summary>
    [Alias("prepare")]
    Task PreparePlanAsync(PlanDocument plan);

    /// <summary>Makes a prepared plan the one that steps run under; no step may be under way.</summary>
    [Alias("commit")]
    Task CommitPlanAsync(string model, int version);

    /// <summary>Frees what only plans before the committed one needed; the silo forgets those plans.</summary>
    [Alias("retire")]
    Task RetirePlansAsync(string model, int committedVersion);

    /// <summary>Forgets a prepared plan that will not be committed.</summary>
    [Alias("abandon")]
    Task AbandonPlanAsync(string model, int version);
}

/// <summary>What a board can do.</summary>
/// <param name="Name">The board's name.</param>
/// <param name="Cores">Cores that its process may use.</param>
/// <param name="BytesPerSecond">Measured rate at which it streams weights, in bytes per second.</param>
/// <param name="MemoryBytes">Memory for shards, KV and buffers, in bytes.</param>
/// <param name="Streams">Whether weights that do not fit the memory are streamed from storage.</param>
[GenerateSerializer, Immutable, Alias("halo.board-capabilities")]
public sealed record BoardCapabilities(
    [property: Id(0)] string Name, [property: Id(1)] int Cores, [property: Id(2)] double BytesPerSecond, [property: Id(3)] long MemoryBytes,
    [property: Id(4)] bool Streams = false);

/// <summary>What a board holds of a model.</summary>
/// <param name="Name">The board's name.</param>
/// <param name="ShardCount">Shards registered on it.</param>
/// <param name="SequenceCount">Sequences whose KV it keeps.</param>
/// <param name="KvBytes">Bytes of KV in use.</param>
/// <param name="CopiedWeightBytes">Bytes of weights that were copied out of the mapped model file.</param>
/// <param name="ReceivedWeightBytes">Bytes of weights that came over the network since the board's process started.</param>
/// <param name="PlanVersion">The committed plan; 0 before the first.</param>
[GenerateSerializer, Immutable, Alias("halo.board-statistics")]
public sealed record BoardStatistics(
    [property: Id(0)] string Name,
    [property: Id(1)] int ShardCount,
    [property: Id(2)] int SequenceCount,
    [property: Id(3)] long KvBytes,
    [property: Id(4)] long CopiedWeightBytes,
    [property: Id(5)] long ReceivedWeightBytes,
    [property: Id(6)] int PlanVersion);
