using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;
using Halo.Planning.Assignment;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Weights;

/// <summary>
/// Where a board process gets weights from: its own copy of a model's file where the hash agrees, else pieces that the head process sends and the
/// disk keeps.
/// </summary>
public sealed class ModelSources : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, OpenedModel> _open = [];
    private readonly Dictionary<string, long> _received = []; // bytes by model, since this process started
    private readonly IReadOnlyList<string> _files;
    private readonly string _cacheFolder;
    private readonly PieceCache _cache;
    private readonly ILogger _log;
    private readonly WeightMode _mode;

    /// <param name="files">Model files that this board has.</param>
    /// <param name="cacheFolder">Where pieces and hashes are kept.</param>
    /// <param name="cacheBytes">The most bytes of pieces; null takes most of what the volume has.</param>
    /// <param name="log">Where damaged pieces and unusable files are told.</param>
    /// <param name="mode">Where shards of a file that this board has compute from.</param>
    /// <exception cref="IOException">The cache folder cannot be made or read.</exception>
    public ModelSources(IReadOnlyList<string> files, string cacheFolder, long? cacheBytes, ILogger log, WeightMode mode = WeightMode.Auto)
    {
        _mode = mode;
        _files = files;
        _cacheFolder = cacheFolder;
        _log = log;
        _cache = new PieceCache(new PieceCacheOptions
        {
            Root = Path.Combine(cacheFolder, "pieces"),
            MaxBytes = cacheBytes,
            Damaged = message => WeightsLog.Damaged(log, message),
        });
    }

    /// <summary>Opens a model that the head process serves.</summary>
    /// <param name="name">The name it is served under.</param>
    /// <param name="manifestJson">The model's manifest.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Where its shards come from, and whether that is this board's own file.</returns>
    internal async Task<(IShardSource Source, bool HasFile)> OpenAsync(string name, string manifestJson, CancellationToken cancellation)
    {
        ModelManifest manifest = ModelManifest.FromJson(manifestJson);
        lock (_gate)
        {
            if (_open.TryGetValue(name, out OpenedModel? known) && known.Sha256 == manifest.Sha256)
            {
                return (known.Source, known.Pieces is null);
            }
        }

        string? file = await FindFileAsync(manifest, cancellation);
        ModelPieces? pieces = file is null ? _cache.Of(manifest) : null;
        OpenedModel opened = new(manifest.Sha256, file is null ? pieces!.Weights() : ModelWeights.Open(file, _mode), pieces);
        lock (_gate)
        {
            if (_open.TryGetValue(name, out OpenedModel? other))
            {
                opened.Source.Dispose();
                throw new StepException(other.Sha256 == manifest.Sha256
                    ? $"The model {name} is being opened already."
                    : $"The model {name} is open with another file; the head process must leave and come again to serve a new one.");
            }

            _open.Add(name, opened);
        }

        WeightsLog.Opened(_log, name, file ?? "pieces that the head process sends");
        return (opened.Source, file is not null);
    }

    /// <summary>A source of shards that streams a model's pieces; null where this board has the model's file, or was not offered the model.</summary>
    /// <param name="model">The name under which it is served.</param>
    /// <param name="streaming">How to stream.</param>
    internal StreamedWeights? Stream(string model, BoardStreaming streaming)
    {
        lock (_gate)
        {
            return _open.GetValueOrDefault(model)?.Pieces is { } pieces ? streaming.Open(pieces) : null;
        }
    }

    /// <summary>The pieces of a slice that this board lacks, by name.</summary>
    internal string[] Missing(string model, ShardSlice slice) => [.. Find(model).Pieces?.Missing(slice).Select(piece => piece.ToString()) ?? []];

    /// <summary>Checks that this board's disk can have its part of a plan, before anything is sent.</summary>
    /// <exception cref="NoRoomException">It cannot; the message has the numbers.</exception>
    internal void CheckRoom(string model, IEnumerable<ShardSlice> slices, string what) => Find(model).Pieces?.CheckRoom(slices, what);

    /// <summary>No piece is kept for shards that were to come: the plan that they are of was given up.</summary>
    internal void WantNothing(string model) => Find(model).Pieces?.ReleaseAll();

    /// <summary>Keeps a piece that was sent.</summary>
    internal async Task StoreAsync(string model, string piece, Stream content, CancellationToken cancellation)
    {
        ModelPieces pieces = Find(model).Pieces ?? throw new StepException($"This board has the file of {model}: it takes no pieces.");
        PieceId id = PieceId.TryParse(piece, out PieceId parsed) ? parsed : throw new FormatException($"'{piece}' is no piece of a model.");
        long bytes = content.Length;
        await pieces.StoreAsync(id, content, cancellation);
        lock (_gate)
        {
            _received[model] = _received.GetValueOrDefault(model) + bytes;
        }
    }

    /// <summary>Bytes of weights of a model that were sent to this process.</summary>
    internal long ReceivedBytes(string model)
    {
        lock (_gate)
        {
            return _received.GetValueOrDefault(model);
        }
    }

    /// <summary>Closes all models; no shard of them may be in use. Pieces stay on the disk.</summary>
    internal void CloseAll()
    {
        lock (_gate)
        {
            foreach (OpenedModel model in _open.Values)
            {
                model.Pieces?.ReleaseAll();
                model.Source.Dispose();
            }

            _open.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => CloseAll();

    private OpenedModel Find(string model)
    {
        lock (_gate)
        {
            return _open.GetValueOrDefault(model) ?? throw new StepException($"This board was not offered the model {model}.");
        }
    }

    // Only a file of the right size can be the one; hashing gigabytes for nothing would delay every start.
    private async Task<string?> FindFileAsync(ModelManifest manifest, CancellationToken cancellation)
    {
        foreach (string file in _files)
        {
            try
            {
                if (new FileInfo(file).Length == manifest.FileBytes
                    && await ModelFileHash.ComputeAsync(file, _cacheFolder, progress: null, cancellation) == manifest.Sha256)
                {
                    return file;
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                WeightsLog.FileUnusable(_log, file, fault.Message);
            }
        }

        return null;
    }

    private sealed record OpenedModel(string Sha256, IShardSource Source, ModelPieces? Pieces);
}
