using Halo.Boards.Weights;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;

namespace Halo.Boards.Tests.Weights;

/// <summary>The bundled model, what cuts pieces out of it, and a folder for caches that is gone after the test.</summary>
internal sealed class CacheSet : IDisposable
{
    /// <summary>So small that every group is a piece.</summary>
    internal const int SingleGroups = 1 << 10;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-test-");

    internal CacheSet(int pieceBytes = SingleGroups)
    {
        Weights = ModelWeights.Open(TestPaths.BundledModel);
        Manifest = ModelManifest.Of("tales", new string('a', 64), Weights, pieceBytes);
        Cutter = new PieceCutter(Weights, Manifest);
    }

    internal ModelWeights Weights { get; }

    internal ModelManifest Manifest { get; }

    internal PieceCutter Cutter { get; }

    internal List<string> Damaged { get; } = [];

    internal StepClock Time { get; } = new();

    internal string Root => Path.Combine(_folder.FullName, "pieces");

    /// <summary>All unfinished files.</summary>
    internal string[] Parts => Directory.GetFiles(Root, "*.part", SearchOption.AllDirectories);

    internal static PieceId Neurons(int group) => new(PieceKind.FeedForward, 0, group, 1);

    /// <summary>A cache as a process finds it at its start.</summary>
    internal PieceCache Open(long? maxBytes = null, long freeBytes = 1L << 40) => new(new PieceCacheOptions
    {
        Root = Root,
        MaxBytes = maxBytes,
        Time = Time,
        Damaged = Damaged.Add,
        FreeBytes = _ => freeBytes,
    });

    internal byte[] Cut(PieceId id)
    {
        using Stream piece = Cutter.Open(id);
        using MemoryStream copy = new();
        piece.CopyTo(copy);
        return copy.ToArray();
    }

    internal async Task SendAsync(ModelPieces pieces, params IEnumerable<PieceId> ids)
    {
        foreach (PieceId id in ids)
        {
            await using Stream piece = Cutter.Open(id);
            await pieces.StoreAsync(id, piece, CancellationToken.None);
        }
    }

    internal string PathOf(PieceId id) => Path.Combine(Root, Manifest.Sha256, $"{id}.piece");

    public void Dispose()
    {
        Weights.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>A clock that goes on by a second each time it is read.</summary>
    internal sealed class StepClock : TimeProvider
    {
        private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now = _now.AddSeconds(1);
    }
}
