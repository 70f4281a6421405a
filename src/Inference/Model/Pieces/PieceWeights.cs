using Halo.Inference.Kernels;
using Halo.Inference.Model.Architectures;

namespace Halo.Inference.Model.Pieces;

/// <summary>
/// A model of which only pieces are here. A slice loads once all its pieces are; its shards own the mappings they point into.
/// </summary>
public sealed class PieceWeights : IShardSource
{
    private readonly Func<PieceId, PieceFile?> _open;
    private readonly RopeTable _rope;

    /// <param name="manifest">The model.</param>
    /// <param name="open">Maps a piece whose payload has been checked, or returns null where it is not here. The receiver disposes it.</param>
    public PieceWeights(ModelManifest manifest, Func<PieceId, PieceFile?> open)
    {
        Manifest = manifest;
        _open = open;
        KernelSelector.Verify(manifest.Layout.MatrixTypes);
        _rope = manifest.Vectors.Rope.Table(Config);
    }

    /// <summary>The model.</summary>
    public ModelManifest Manifest { get; }

    /// <inheritdoc/>
    public ModelConfig Config => Manifest.Layout.Config;

    /// <inheritdoc/>
    public ModelNorms Norms => Manifest.Norms;

    /// <inheritdoc/>
    /// <exception cref="PieceException">The slice's piece is not here; the message names it.</exception>
    public AttentionShard LoadAttention(int layer, int first, int count, KvBlockPool pool, int maxSequences)
    {
        PieceFile piece = Open(new PieceId(PieceKind.Attention, layer, first, count))[0];
        KvCache kv = new(pool, maxSequences, count, Config.ContextLength);
        HeadVectors vectors = Manifest.Vectors.Layers[layer].Heads(Config, first, count);
        return new AttentionShard(Config, _rope, vectors, piece.Matrix(0), piece.Matrix(1), piece.Matrix(2), piece.Matrix(3), kv, piece);
    }

    /// <inheritdoc/>
    /// <returns>One shard, in as many parts as there are pieces.</returns>
    /// <exception cref="PieceException">A piece of the slice is not here; the message names the first.</exception>
    public FeedForwardShard LoadFeedForward(int layer, int first, int count)
    {
        List<PieceFile> pieces = Open(new PieceId(PieceKind.FeedForward, layer, first, count));
        return new FeedForwardShard([.. pieces.Select(piece => FeedForwardPart.Of(piece.Matrices(), Manifest.NeuronBiases(piece.Id), piece))]);
    }

    /// <inheritdoc/>
    /// <returns>One shard, in as many parts as there are pieces.</returns>
    /// <exception cref="PieceException">A piece of the slice is not here; the message names the first.</exception>
    public VocabularyShard LoadVocabulary(int first, int count)
    {
        List<PieceFile> pieces = Open(new PieceId(PieceKind.Vocabulary, PieceId.OutputLayer, first, count));
        return new VocabularyShard(first * ModelLayout.TokenGroupSize, [.. pieces.Select(piece => new VocabularyPart(piece.Matrix(0), piece))]);
    }

    /// <inheritdoc/>
    public void Dispose() => _rope.Dispose();

    // All pieces of a slice, in order, or none.
    private List<PieceFile> Open(PieceId slice)
    {
        List<PieceFile> files = [];
        try
        {
            foreach (PieceId id in PieceGrid.Cover(Manifest, slice))
            {
                files.Add(_open(id) ?? throw new PieceException(
                    $"Piece {id} of {Manifest.Name} is not on this board, so groups {slice} cannot be loaded: it must be sent first."));
            }

            return files;
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }
}
