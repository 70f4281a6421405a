using System.Text.Json;
using Halo.Inference.Model.Architectures;

namespace Halo.Inference.Model.Pieces;

/// <summary>
/// All that a board must know of a model before it holds pieces of it: which file it is, its shape, how it is cut, and its vectors. The head
/// board makes it from the file and sends it as JSON.
/// </summary>
public sealed class ModelManifest
{
    /// <summary>Bytes that a full piece should have where nothing else is asked for: 3 MiB, so that pieces come out at 2 to 4 MiB.</summary>
    public const int UsualPieceBytes = 3 << 20;

    /// <summary>The version of the manifest and of piece files.</summary>
    public const int FormatVersion = 2;

    internal const int FewestPieceBytes = 1 << 10;
    internal const int MostPieceBytes = 1 << 30;

    private readonly byte[] _hash;

    internal ModelManifest(string name, byte[] hash, long fileBytes, int pieceBytes, ModelLayout layout, ModelVectors vectors)
    {
        Name = name;
        _hash = hash;
        Sha256 = Convert.ToHexStringLower(hash);
        FileBytes = fileBytes;
        PieceBytes = pieceBytes;
        Layout = layout;
        Vectors = vectors;
    }

    /// <summary>The name under which the model is served.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the whole model file, 64 lower-case hexadecimal digits: two models with the same are the same.</summary>
    public string Sha256 { get; }

    /// <summary>Bytes of the model file.</summary>
    public long FileBytes { get; }

    /// <summary>Bytes that a full piece should have; see <see cref="PieceGrid"/>.</summary>
    public int PieceBytes { get; }

    /// <summary>The model's shape, types and groups.</summary>
    public ModelLayout Layout { get; }

    /// <summary>The norms of all stages.</summary>
    public ModelNorms Norms => Vectors.Norms;

    /// <summary>All of the model that is no matrix.</summary>
    internal ModelVectors Vectors { get; }

    internal ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Describes an open model.</summary>
    /// <param name="name">The name under which it is served.</param>
    /// <param name="sha256">SHA-256 of its file, 64 hexadecimal digits.</param>
    /// <param name="weights">The model.</param>
    /// <param name="pieceBytes">Bytes that a full piece should have, from 1 KiB to 1 GiB.</param>
    /// <exception cref="PieceException">The hash or the size of pieces is none.</exception>
    public static ModelManifest Of(string name, string sha256, ModelWeights weights, int pieceBytes = UsualPieceBytes) =>
        new(name, ManifestCheck.Hash(sha256), weights.File.Length, ManifestCheck.PieceBytes(pieceBytes), weights.Layout, weights.Vectors);

    /// <summary>The biases of a feed-forward piece's neurons.</summary>
    internal NeuronBiases NeuronBiases(PieceId id)
    {
        (int first, int count) = Layout.Neurons(id.FirstGroup, id.GroupCount);
        return Vectors.Layers[id.Layer].Neurons(first, count);
    }

    /// <summary>The manifest as JSON; most of it are norms and biases.</summary>
    public string ToJson() => JsonSerializer.Serialize(ManifestDocument.Of(this), ManifestJson.Default.ManifestDocument);

    /// <summary>Reads and checks what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="PieceException">The text is no manifest or describes no model; the message says why.</exception>
    public static ModelManifest FromJson(string json)
    {
        try
        {
            ManifestDocument? document = JsonSerializer.Deserialize(json, ManifestJson.Default.ManifestDocument);
            return ManifestCheck.Model(document ?? throw new PieceException("The model manifest is null."));
        }
        catch (JsonException fault)
        {
            throw new PieceException($"The model manifest cannot be read: {fault.Message}", fault);
        }
    }
}
