using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Tests.Model.Pieces;

/// <summary>A model's pieces, each cut to a file of its own when it is first asked for.</summary>
internal sealed class PieceFolder : IDisposable
{
    internal const string MadeUpHash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-test-");
    private readonly PieceCutter _cutter;

    /// <param name="weights">The model; it must outlive this.</param>
    /// <param name="pieceBytes">Bytes of a full piece.</param>
    internal PieceFolder(ModelWeights weights, int pieceBytes = ModelManifest.UsualPieceBytes)
    {
        Manifest = ModelManifest.Of("made", MadeUpHash, weights, pieceBytes);
        _cutter = new PieceCutter(weights, Manifest);
    }

    internal ModelManifest Manifest { get; }

    /// <summary>Pieces that are mapped.</summary>
    internal int OpenCount { get; private set; }

    /// <summary>Cuts a piece and returns its path.</summary>
    internal string Cut(PieceId id)
    {
        string path = Path.Combine(_folder.FullName, id.ToString());
        if (!File.Exists(path))
        {
            using Stream piece = _cutter.Open(id);
            using FileStream file = File.Create(path);
            piece.CopyTo(file);
        }

        return path;
    }

    internal byte[] Bytes(PieceId id) => File.ReadAllBytes(Cut(id));

    internal PieceFile Open(PieceId id)
    {
        PieceFile piece = PieceFile.Open(Cut(id), Manifest, id, released: () => OpenCount--);
        OpenCount++;
        piece.CheckPayload();
        return piece;
    }

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        Assert.Equal(0, OpenCount);
    }
}
