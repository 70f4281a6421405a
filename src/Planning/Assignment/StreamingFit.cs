using Halo.Planning.Profiles;

namespace Halo.Planning.Assignment;

/// <summary>Whether a board that streams weights has room to let them pass: two of its largest pieces beside KV and buffers.</summary>
internal static class StreamingFit
{
    // Neuron and token groups are cut into pieces of about this, head groups are one piece a shard; header and whole pages come on top.
    private const long UsualPieceBytes = 3 << 20;
    private const long PageBytes = 2 * 4096;
    private const int Pieces = 2;

    /// <summary>Whether there is room. Never said of a board that would then refuse the plan.</summary>
    /// <param name="model">The model.</param>
    /// <param name="memory">What the plan asks of the board.</param>
    /// <param name="bytes">Memory of the board.</param>
    internal static bool Holds(ModelProfile model, BoardMemory memory, long bytes)
    {
        long largest = Math.Max(
            memory.Attention / model.LayerCount,
            Math.Max(
                Math.Min(memory.FeedForward / model.LayerCount, Piece(model.NeuronGroupBytes)),
                Math.Min(memory.Vocabulary, Piece(model.TokenGroupBytes))));
        return memory.Fixed + memory.Kv + Pieces * (largest + PageBytes) <= bytes;
    }

    private static long Piece(long groupBytes) => Math.Max(groupBytes, UsualPieceBytes + groupBytes / 2);
}
