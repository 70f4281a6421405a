using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>
/// Says in which order the streamed neuron groups of a feed-forward stage are loaded, and which are left out. Attention and the LM head are
/// always loaded whole.
/// </summary>
public interface IGroupOrder
{
    /// <summary>Orders the streamed pieces of a stage for one step. Called once a stage and step when loading gets there, which is ahead of compute; it must be quick.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="pieces">Its pieces that are not in memory: runs of neuron groups.</param>
    /// <param name="order">Their indices; on return in the order in which they are to be loaded, each once.</param>
    /// <returns>How many of them, from the front, are loaded; the others are missing from this step's sum. From 0 to all.</returns>
    int Arrange(int layer, IReadOnlyList<PieceId> pieces, Span<int> order);

    /// <summary>
    /// Tells the normalised input of a stage, when compute gets there: what predictions of later stages may be made from. Called on the board's
    /// step thread, at the same time as <see cref="Arrange"/> on another.
    /// </summary>
    /// <param name="kind">Attention or feed-forward.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="input">A row of the step, (hiddenSize).</param>
    void Observe(PieceKind kind, int layer, ReadOnlySpan<float> input);
}
