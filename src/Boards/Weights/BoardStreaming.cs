using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;

namespace Halo.Boards.Weights;

/// <summary>
/// How the boards of a process stream weights that do not fit their memory: from pieces in the cache folder. Pieces of a model whose file is here are
/// cut from it when they are first asked for; in the file itself a group's weights do not lie together.
/// </summary>
public sealed class BoardStreaming
{
    private readonly string _cacheFolder;
    private readonly StreamingOptions _options;
    private readonly Lazy<PieceCache> _cache;

    /// <param name="cacheFolder">Where pieces and hashes are kept.</param>
    /// <param name="cacheBytes">The most bytes of pieces; null takes most of what the volume has.</param>
    /// <param name="options">How to stream.</param>
    public BoardStreaming(string cacheFolder, long? cacheBytes, StreamingOptions options)
    {
        _cacheFolder = cacheFolder;
        _options = options;
        _cache = new Lazy<PieceCache>(() => new PieceCache(new PieceCacheOptions { Root = Path.Combine(cacheFolder, "pieces"), MaxBytes = cacheBytes }));
    }

    /// <summary>A source of shards for one board that streams a model whose file is here. The first time the whole file is read for its hash.</summary>
    /// <param name="model">The model; it must outlive the source.</param>
    /// <exception cref="IOException">The cache folder cannot be made or read.</exception>
    public StreamedWeights Open(LoadedModel model)
    {
        // On another thread: whoever waits here may be a grain's turn, in which nothing could go on.
        string hash = Task.Run(() => ModelFileHash.ComputeAsync(model.Weights.File.Path, _cacheFolder, progress: null, CancellationToken.None)).GetAwaiter().GetResult();
        ModelManifest manifest = ModelManifest.Of(model.Name, hash, model.Weights);
        ModelPieces pieces = _cache.Value.Of(manifest);
        PieceCutter cutter = new(model.Weights, manifest);
        return new StreamedWeights(manifest, id => pieces.TryLocate(id) ?? Cut(pieces, cutter, id), StreamingOrder.Apply(_options, model.Importance));
    }

    /// <summary>A source of shards for one board that streams pieces it was sent.</summary>
    /// <param name="pieces">Where they are kept.</param>
    public StreamedWeights Open(ModelPieces pieces) => new(pieces.Manifest, pieces.TryLocate, StreamingOrder.Apply(_options, importance: null));

    private static PieceLocation? Cut(ModelPieces pieces, PieceCutter cutter, PieceId id)
    {
        using Stream content = cutter.Open(id);
        Task.Run(() => pieces.StoreAsync(id, content, CancellationToken.None)).GetAwaiter().GetResult();
        return pieces.TryLocate(id);
    }
}
