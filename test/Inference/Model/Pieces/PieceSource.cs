using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Tests.Model.Pieces;

/// <summary>Pieces of the model that a <see cref="ShardedModel"/> opens; gone after it.</summary>
internal sealed class PieceSource(int pieceBytes) : IDisposable
{
    private PieceFolder? _folder;

    internal PieceWeights Open(ModelWeights weights)
    {
        _folder = new PieceFolder(weights, pieceBytes);

        // What a board knows is what crossed the network.
        ModelManifest received = ModelManifest.FromJson(_folder.Manifest.ToJson());
        return new PieceWeights(received, _folder.Open);
    }

    public void Dispose() => _folder?.Dispose();
}
