using System.Buffers;
using System.Security.Cryptography;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Model.Streaming;
using Halo.Planning;
using Halo.Planning.Assignment;

namespace Halo.Boards.Weights;

/// <summary>
/// The pieces of one model in a board's cache. A board that is to load slices asks for what is <see cref="Missing"/>, gets it sent,
/// stores it, and loads the slices from <see cref="Weights"/>.
/// </summary>
public sealed class ModelPieces
{
    private const int CopiedAtOnce = 256 << 10;

    private readonly PieceCache _cache;
    private readonly string _folder;

    internal ModelPieces(PieceCache cache, ModelManifest manifest, string folder)
    {
        _cache = cache;
        Manifest = manifest;
        _folder = folder;
    }

    /// <summary>The model.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>A source of shards that are made of these pieces; who asks disposes it, after the shards.</summary>
    public PieceWeights Weights() => new(Manifest, TryOpen);

    /// <summary>The pieces that a slice is made of, in order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public IReadOnlyList<PieceId> PiecesOf(ShardSlice slice) => PieceGrid.Cover(Manifest, NameOf(slice));

    /// <summary>A slice, named as if it were one piece.</summary>
    internal static PieceId NameOf(ShardSlice slice)
    {
        (PieceKind kind, int layer) = slice.Shard.Kind switch
        {
            ShardKind.Attention => (PieceKind.Attention, slice.Shard.Layer),
            ShardKind.FeedForward => (PieceKind.FeedForward, slice.Shard.Layer),
            _ => (PieceKind.Vocabulary, PieceId.OutputLayer),
        };
        return new PieceId(kind, layer, slice.FirstGroup, slice.GroupCount);
    }

    /// <summary>
    /// The pieces of a slice that are not here, in order; damaged ones are deleted and count as missing. All pieces of the slice are wanted from
    /// here on: they stay until they have been opened or <see cref="Release"/> is called. The first time a piece is looked at, its whole
    /// payload is read.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public IReadOnlyList<PieceId> Missing(ShardSlice slice)
    {
        IReadOnlyList<PieceId> pieces = PiecesOf(slice);
        foreach (PieceId id in pieces)
        {
            _cache.Want(PathOf(id), wanted: true);
        }

        return [.. pieces.Where(id => !IsHere(id))];
    }

    /// <summary>Takes back what <see cref="Missing"/> wanted of a slice that will not be loaded.</summary>
    public void Release(ShardSlice slice)
    {
        foreach (PieceId id in PiecesOf(slice))
        {
            _cache.Want(PathOf(id), wanted: false);
        }
    }

    /// <summary>Takes back all that <see cref="Missing"/> wanted.</summary>
    internal void ReleaseAll() => _cache.WantNothing(_folder);

    /// <summary>Checks, before anything is sent, that all pieces of some slices can be here together.</summary>
    /// <param name="slices">The slices.</param>
    /// <param name="what">What they are, for the message.</param>
    /// <exception cref="NoRoomException">They cannot; the message has the numbers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    internal void CheckRoom(IEnumerable<ShardSlice> slices, string what) =>
        _cache.CheckRoom(slices.SelectMany(PiecesOf).Distinct().ToDictionary(PathOf, id => PieceFormat.FileBytes(Manifest, id)), what);

    /// <summary>
    /// Maps a piece after checking all of it; the payload's hash is computed once a process. A damaged piece is deleted, told of, and not here.
    /// </summary>
    /// <returns>The piece, which the caller disposes; null where it is not here.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public PieceFile? TryOpen(PieceId id) => Open(id, forShard: true);

    /// <summary>Finds a piece after checking all of it, as <see cref="TryOpen"/> does, for reads that go past mapped memory.</summary>
    /// <returns>Where it is, and a lease that keeps it there; null where it is not here.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public PieceLocation? TryLocate(PieceId id)
    {
        string path = PathOf(id);
        _cache.BeginUse(path);
        using PieceFile? piece = Open(id, forShard: true);
        if (piece is null)
        {
            _cache.EndUse(path);
            return null;
        }

        return new PieceLocation(path, new Lease(_cache, path));
    }

    /// <summary>Stores a piece that is being received. A reader sees it whole or not at all, whenever this process ends.</summary>
    /// <param name="id">The piece that it is said to be.</param>
    /// <param name="content">Its bytes from the header on; not read where the piece is here already.</param>
    /// <param name="cancellation">Gives up; nothing is kept.</param>
    /// <exception cref="PieceException">It is another piece, damaged, cut short or too long; nothing is kept.</exception>
    /// <exception cref="NoRoomException">There is no room for it; the message has the numbers.</exception>
    /// <exception cref="IOException">It could not be written; nothing is kept.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public async Task StoreAsync(PieceId id, Stream content, CancellationToken cancellation)
    {
        long bytes = PieceFormat.FileBytes(Manifest, id);
        if (IsHere(id))
        {
            return;
        }

        FileStream part = _cache.CreatePart(PathOf(id), bytes, $"{id} of {Manifest.Name}");
        try
        {
            await using (part)
            {
                await ReceiveAsync(id, content, part, bytes, cancellation);
                part.Flush(flushToDisk: true);
            }

            _cache.Publish(part.Name, PathOf(id), bytes);
        }
        catch
        {
            CacheFolder.TryDelete(part.Name);
            throw;
        }
    }

    private async Task ReceiveAsync(PieceId id, Stream content, FileStream part, long bytes, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopiedAtOnce);
        try
        {
            int header = await content.ReadAtLeastAsync(buffer.AsMemory(0, PieceFormat.HeaderBytes), PieceFormat.HeaderBytes, false, cancellation);
            byte[] expected = PieceFormat.CheckHeader(buffer.AsSpan(0, header), Manifest, id);
            await part.WriteAsync(buffer.AsMemory(0, header), cancellation);

            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long received = header;
            for (int count; (count = await content.ReadAsync(buffer, cancellation)) > 0;)
            {
                received += count;
                if (received > bytes)
                {
                    throw new PieceException($"Piece {id} of {Manifest.Name} came with more than its {bytes} bytes.");
                }

                hash.AppendData(buffer, 0, count);
                await part.WriteAsync(buffer.AsMemory(0, count), cancellation);
            }

            if (received != bytes || !hash.GetHashAndReset().AsSpan().SequenceEqual(expected))
            {
                throw new PieceException($"Piece {id} of {Manifest.Name} came damaged: {received} of {bytes} bytes, or not those that its header names.");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool IsHere(PieceId id)
    {
        using PieceFile? piece = Open(id, forShard: false);
        return piece is not null;
    }

    private PieceFile? Open(PieceId id, bool forShard)
    {
        string path = PathOf(id);
        long bytes = PieceFormat.FileBytes(Manifest, id);
        bool isChecked = _cache.BeginUse(path);
        PieceFile? piece = null;
        try
        {
            piece = PieceFile.Open(path, Manifest, id, released: () => _cache.EndUse(path));
            if (!isChecked)
            {
                piece.CheckPayload();
            }

            _cache.Found(path, bytes, forShard);
            return piece;
        }
        catch (Exception fault)
        {
            LetGo(piece, path);
            switch (fault)
            {
                case PieceException:
                    _cache.Discard(path, fault.Message);
                    return null;
                case FileNotFoundException or DirectoryNotFoundException:
                    return null;
                default:
                    throw;
            }
        }
    }

    private void LetGo(PieceFile? piece, string path)
    {
        if (piece is null)
        {
            _cache.EndUse(path);
        }
        else
        {
            piece.Dispose();
        }
    }

    /// <summary>Keeps a piece from being evicted until it is disposed.</summary>
    private sealed class Lease(PieceCache cache, string path) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                cache.EndUse(path);
            }
        }
    }

    private string PathOf(PieceId id) => Path.Combine(_folder, id + CacheFolder.PieceSuffix);
}
