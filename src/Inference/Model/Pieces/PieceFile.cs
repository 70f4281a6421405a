using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;

namespace Halo.Inference.Model.Pieces;

/// <summary>
/// A piece on disk, mapped read-only. Shards point into it; the shard that is made of it owns it and unmaps it. On Unix the file may be
/// deleted or replaced meanwhile; it must never be written to or cut short.
/// </summary>
public sealed unsafe class PieceFile : IDisposable
{
    private const int HashedAtOnce = 1 << 20;

    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly PieceMatrix[] _matrices;
    private readonly byte[] _payloadHash;
    private readonly ModelManifest _manifest;
    private Action? _released;
    private bool _disposed;

    private PieceFile(MemoryMappedViewAccessor view, byte* start, ModelManifest manifest, PieceId id)
    {
        _view = view;
        _start = start;
        _manifest = manifest;
        Id = id;
        _matrices = PieceFormat.Matrices(manifest.Layout, id);
        _payloadHash = PieceFormat.CheckHeader(new ReadOnlySpan<byte>(start, PieceFormat.HeaderBytes), manifest, id);
    }

    /// <summary>The groups that are in here.</summary>
    public PieceId Id { get; }

    /// <summary>Maps a piece and checks its length and header; for its payload see <see cref="CheckPayload"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="manifest">The model.</param>
    /// <param name="id">The piece that it must be.</param>
    /// <param name="released">Called once, when the piece has been unmapped.</param>
    /// <exception cref="PieceException">It is another piece, or damaged.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static PieceFile Open(string path, ModelManifest manifest, PieceId id, Action? released = null)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        long expected = PieceFormat.FileBytes(manifest, id);
        if (stream.Length != expected)
        {
            throw new PieceException($"Piece {id} of {manifest.Name} has {stream.Length} bytes, not {expected}.");
        }

        // The view stays when file and mapping are closed, so that a board with thousands of pieces does not run out of file handles.
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        MemoryMappedViewAccessor view = file.CreateViewAccessor(0, expected, MemoryMappedFileAccess.Read);
        byte* start = null;
        try
        {
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            return new PieceFile(view, start + view.PointerOffset, manifest, id) { _released = released };
        }
        catch
        {
            Release(view, start != null);
            throw;
        }
    }

    /// <summary>Reads the whole payload and compares its SHA-256 with the header's.</summary>
    /// <exception cref="PieceException">They differ: the file is damaged.</exception>
    public void CheckPayload()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long end = PieceFormat.HeaderBytes + PieceFormat.PayloadBytes(_matrices);
        for (long at = PieceFormat.HeaderBytes; at < end; at += HashedAtOnce)
        {
            hash.AppendData(new ReadOnlySpan<byte>(_start + at, (int)Math.Min(HashedAtOnce, end - at)));
        }

        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(_payloadHash))
        {
            throw new PieceException($"Piece {Id} of {_manifest.Name} is damaged: its content does not have the SHA-256 that its header names.");
        }
    }

    /// <summary>Views a matrix, in the order of <see cref="ModelLayout.Cut"/>; valid until disposal.</summary>
    internal SlicedMatrix Matrix(int index)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        PieceMatrix matrix = _matrices[index];
        return SlicedMatrix.Over(matrix.View(_start + PieceFormat.HeaderBytes), matrix.OwnColumn);
    }

    /// <summary>Views all matrices.</summary>
    internal SlicedMatrix[] Matrices() => [.. Enumerable.Range(0, _matrices.Length).Select(Matrix)];

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Release(_view, pointerHeld: true);
            _released?.Invoke();
        }
    }

    private static void Release(MemoryMappedViewAccessor view, bool pointerHeld)
    {
        if (pointerHeld)
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        view.Dispose();
    }
}
