using System.Security.Cryptography;
using Halo.Inference.Kernels;

namespace Halo.Inference.Model.Pieces;

/// <summary>Cuts pieces out of a model file, for boards that have none. The same piece has the same bytes each time, wherever it is cut.</summary>
public sealed class PieceCutter
{
    private const int HashedAtOnce = 256 << 10;

    private readonly ModelWeights _weights;
    private readonly ModelManifest _manifest;

    /// <param name="weights">The model; it must outlive all streams.</param>
    /// <param name="manifest">What the boards know of it; made from <paramref name="weights"/>.</param>
    /// <exception cref="ArgumentException">The manifest is another model's.</exception>
    public PieceCutter(ModelWeights weights, ModelManifest manifest)
    {
        if (!ReferenceEquals(weights.Layout, manifest.Layout))
        {
            throw new ArgumentException($"The manifest of {manifest.Name} was not made from {weights.File.Path}.", nameof(manifest));
        }

        _weights = weights;
        _manifest = manifest;
    }

    /// <summary>Cuts a piece. Its payload is read once for the hash before this returns, and again as the stream is read.</summary>
    /// <param name="id">The piece; any run of groups may be one.</param>
    /// <returns>The piece's bytes, header first; the length is known and the stream can be read again from the start.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public Stream Open(PieceId id)
    {
        PieceMatrix[] matrices = PieceFormat.Matrices(_manifest.Layout, id);
        WeightMatrix[] sources = [.. _manifest.Layout.Cut(id).Select(cut => _weights.View(id.Layer, cut))];
        using PieceStream payload = new([], matrices, sources);
        byte[] header = PieceFormat.Header(_manifest, id, matrices, HashOf(payload));
        return new PieceStream(header, matrices, sources);
    }

    private static byte[] HashOf(PieceStream payload)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[Math.Min(HashedAtOnce, payload.Length)];
        for (int count = payload.Read(buffer); count > 0; count = payload.Read(buffer))
        {
            hash.AppendData(buffer, 0, count);
        }

        return hash.GetHashAndReset();
    }
}
