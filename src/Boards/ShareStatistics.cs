using Halo.Inference.Model.Streaming;

namespace Halo.Boards;

/// <summary>What a board holds of a model.</summary>
/// <param name="ShardCount">Shards registered on it.</param>
/// <param name="SequenceCount">Sequences whose KV it keeps.</param>
/// <param name="KvBytes">Bytes of KV in use.</param>
/// <param name="CopiedWeightBytes">Bytes of weights that were copied out of the mapped model file.</param>
/// <param name="ReceivedWeightBytes">Bytes of weights that came over the network since the board's process started.</param>
/// <param name="PlanVersion">The committed plan; 0 before the first.</param>
public sealed record ShareStatistics(
    int ShardCount, int SequenceCount, long KvBytes, long CopiedWeightBytes, long ReceivedWeightBytes, int PlanVersion)
{
    /// <summary>What streaming did, where weights do not fit the board's memory; else null.</summary>
    public StreamStatistics? Streaming { get; init; }

    /// <summary>A board that has nothing of the model.</summary>
    public static ShareStatistics None { get; } = new(0, 0, 0, 0, 0, 0);
}
