using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>What a plan asks of one board's memory, computed before anything is loaded. All in bytes.</summary>
/// <param name="Board">The board.</param>
/// <param name="Attention">Weights of its head groups.</param>
/// <param name="FeedForward">Weights of its neuron groups.</param>
/// <param name="Vocabulary">Weights of its token groups.</param>
/// <param name="Kv">KV of its head groups for all positions of the plan.</param>
/// <param name="Fixed">Norms, activations, and on the head board the embedding table and logits.</param>
public sealed record BoardMemory(string Board, long Attention, long FeedForward, long Vocabulary, long Kv, long Fixed)
{
    /// <summary>Everything together.</summary>
    public long Total => Attention + FeedForward + Vocabulary + Kv + Fixed;

    /// <summary>The memory that <paramref name="plan"/> needs on one of its boards.</summary>
    public static BoardMemory Of(Plan plan, ModelProfile model, string board)
    {
        long[] bytes = new long[3];
        long headGroups = 0;
        foreach (ShardAssignment assignment in plan.ShardsOf(board))
        {
            long groupBytes = assignment.Shard.Kind switch
            {
                ShardKind.Attention => model.HeadGroupBytes,
                ShardKind.FeedForward => model.NeuronGroupBytes,
                _ => model.TokenGroupBytes,
            };
            bytes[(int)assignment.Shard.Kind] += groupBytes * assignment.GroupCount;
            headGroups += assignment.Shard.Kind == ShardKind.Attention ? assignment.GroupCount : 0;
        }

        long fixedBytes = model.BoardBytes + (board == plan.HeadBoard ? model.HeadBoardBytes : 0);
        return new BoardMemory(
            board,
            bytes[(int)ShardKind.Attention],
            bytes[(int)ShardKind.FeedForward],
            bytes[(int)ShardKind.Vocabulary],
            headGroups * model.KvBytesPerPosition * plan.KvPositions,
            fixedBytes);
    }
}
