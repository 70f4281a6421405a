using System.Collections.Concurrent;
using Halo.Inference.Model.Pieces;

namespace Halo.Boards.Weights;

/// <summary>What the head process gives of its model files to boards that have none: manifests, and pieces cut when they are asked for.</summary>
/// <param name="models">The models that can be served.</param>
/// <param name="memory">The folder in which the files' hashes are remembered.</param>
public sealed class WeightServer(ModelCatalog models, string memory)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<ModelManifest>>> _manifests = new();

    /// <summary>The model, opened.</summary>
    internal LoadedModel Open(string model) => models.Open(model);

    /// <summary>What a board must know of a model. The first time the whole file is read for its hash.</summary>
    internal Task<ModelManifest> ManifestAsync(string model) =>
        _manifests.GetOrAdd(model, name => new Lazy<Task<ModelManifest>>(() => MakeAsync(name))).Value;

    /// <summary>Cuts a piece.</summary>
    /// <exception cref="FormatException">The text names no piece.</exception>
    internal async Task<byte[]> CutAsync(string model, string piece)
    {
        ModelManifest manifest = await ManifestAsync(model);
        PieceId id = PieceId.TryParse(piece, out PieceId parsed) ? parsed : throw new FormatException($"'{piece}' is no piece of a model.");
        return await Task.Run(() =>
        {
            using Stream stream = new PieceCutter(models.Open(model).Weights, manifest).Open(id);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        });
    }

    private async Task<ModelManifest> MakeAsync(string name)
    {
        try
        {
            LoadedModel model = models.Open(name);
            string hash = await Task.Run(() => ModelFileHash.ComputeAsync(model.Weights.File.Path, memory, progress: null, CancellationToken.None));
            return ModelManifest.Of(name, hash, model.Weights);
        }
        catch
        {
            _manifests.TryRemove(name, out _); // the next one tries again
            throw;
        }
    }
}
