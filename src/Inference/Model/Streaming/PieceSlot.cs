using System.Security.Cryptography;
using Halo.Inference.Kernels;
using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Model.Streaming;

/// <summary>A piece of a shard: a file, and while it stays in memory its bytes.</summary>
internal sealed unsafe class PieceSlot : IDisposable
{
    private readonly ModelManifest _manifest;
    private readonly PieceMatrix[] _matrices;
    private readonly PieceLocation _location;
    private PageBuffer? _resident;
    private ulong _sum;           // of header and payload
    private volatile bool _known; // whether the payload's SHA-256 was compared, and the sum is there

    internal PieceSlot(ModelManifest manifest, PieceId id, PieceLocation location)
    {
        _manifest = manifest;
        _location = location;
        _matrices = PieceFormat.Matrices(manifest.Layout, id);
        Id = id;
        FileBytes = PieceFormat.FileBytes(manifest, id);
    }

    internal PieceId Id { get; }

    internal long FileBytes { get; }

    /// <summary>Bytes of a buffer for it, whole pages.</summary>
    internal long BufferBytes => PageBuffer.WholePages(FileBytes);

    /// <summary>Its bytes, header first, while it stays in memory; else null.</summary>
    internal byte* Resident => _resident is null ? null : _resident.Pointer;

    internal bool IsResident => _resident is not null;

    internal int MatrixCount => _matrices.Length;

    /// <summary>A matrix of the piece, in the order of <see cref="ModelLayout.Cut"/>.</summary>
    /// <param name="index">Which.</param>
    /// <param name="bytes">Where the piece lies, header first; null for the matrix's shape alone.</param>
    internal WeightMatrix Matrix(int index, byte* bytes) =>
        _matrices[index].View(bytes is null ? null : bytes + PieceFormat.HeaderBytes);

    /// <summary>Where the piece's own columns start within a matrix.</summary>
    internal int OwnColumn(int index) => _matrices[index].OwnColumn;

    /// <summary>Reads the piece into memory and checks it: the first time against its SHA-256, then against a sum of what was found good.</summary>
    /// <exception cref="PieceException">It cannot be read or is not what it was; the message names it.</exception>
    internal void Read(IPieceReader reader, byte* target)
    {
        ReadUnchecked(reader, target);
        ulong sum = PieceSum.Of(target, FileBytes);
        if (_known)
        {
            if (sum != _sum)
            {
                throw new PieceException($"Piece {Id} of {_manifest.Name} is damaged: {_location.Path} has other content than before.");
            }

            return;
        }

        byte[] hash = PieceFormat.CheckHeader(new ReadOnlySpan<byte>(target, PieceFormat.HeaderBytes), _manifest, Id);
        ReadOnlySpan<byte> payload = new(target + PieceFormat.HeaderBytes, (int)(FileBytes - PieceFormat.HeaderBytes));
        if (!SHA256.HashData(payload).AsSpan().SequenceEqual(hash))
        {
            throw new PieceException($"Piece {Id} of {_manifest.Name} is damaged: {_location.Path} does not have the SHA-256 that its header names.");
        }

        _sum = sum;
        _known = true;
    }

    /// <summary>Reads the piece and looks at nothing but its length: what a device gives at most.</summary>
    /// <exception cref="PieceException">It cannot be read.</exception>
    internal void ReadUnchecked(IPieceReader reader, byte* target)
    {
        try
        {
            reader.Read(_location.Path, target, FileBytes);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new PieceException($"Piece {Id} of {_manifest.Name} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Takes the piece into memory, where it stays until <see cref="Evict"/>.</summary>
    /// <exception cref="PieceException">It cannot be read or is damaged.</exception>
    internal void Keep(IPieceReader reader)
    {
        if (_resident is not null)
        {
            return;
        }

        PageBuffer buffer = new(FileBytes);
        try
        {
            Read(reader, buffer.Pointer);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }

        _resident = buffer;
    }

    /// <summary>Gives the memory back.</summary>
    internal void Evict()
    {
        _resident?.Dispose();
        _resident = null;
    }

    public void Dispose()
    {
        Evict();
        _location.Lease?.Dispose();
    }
}
