using System.Buffers.Binary;

namespace Halo.Inference.Model.Pieces;

/// <summary>
/// The bytes of a piece: a header page, then the matrices as the kernels read them, each on a 64-byte boundary with zeros between. All
/// numbers are little endian. Header: magic (8), format version u32, matrix count u32, the model's SHA-256 (32), kind, layer, first group
/// and group count i32, payload bytes i64, SHA-256 of the payload (32), then per matrix: type, rows, columns, own column i32, stride,
/// offset, bytes i64; zeros up to 4096. All but the payload's hash follows from manifest and id.
/// </summary>
public static class PieceFormat
{
    /// <summary>Bytes of the header; the payload starts behind it, on a page.</summary>
    public const int HeaderBytes = 4096;

    /// <summary>Bytes of a SHA-256.</summary>
    public const int HashBytes = 32;

    internal const int MatrixAlignment = 64;

    private const int VersionAt = 8;
    private const int MatrixCountAt = 12;
    private const int ModelHashAt = 16;
    private const int IdAt = 48;
    private const int PayloadBytesAt = 64;
    private const int PayloadHashAt = 72;
    private const int TableAt = 104;
    private const int EntryBytes = 40;

    private static ReadOnlySpan<byte> Magic => "HALOPIEC"u8;

    /// <summary>Bytes of a piece, header included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public static long FileBytes(ModelManifest manifest, PieceId id) => HeaderBytes + PayloadBytes(Matrices(manifest.Layout, id));

    /// <summary>Compares a header with the one that this piece must have.</summary>
    /// <param name="header">The first <see cref="HeaderBytes"/> bytes.</param>
    /// <param name="manifest">The model.</param>
    /// <param name="id">The piece that it should be.</param>
    /// <returns>SHA-256 that the payload must have.</returns>
    /// <exception cref="PieceException">It is the header of something else, or damaged; the message says where it differs.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such groups.</exception>
    public static byte[] CheckHeader(ReadOnlySpan<byte> header, ModelManifest manifest, PieceId id)
    {
        if (header.Length != HeaderBytes)
        {
            throw new PieceException($"Piece {id} of {manifest.Name} has no whole header: {header.Length} of {HeaderBytes} bytes.");
        }

        byte[] hash = header.Slice(PayloadHashAt, HashBytes).ToArray();
        byte[] expected = Header(manifest, id, Matrices(manifest.Layout, id), hash);
        int at = header.CommonPrefixLength(expected);
        return at == HeaderBytes ? hash : throw new PieceException($"Piece {id} of {manifest.Name} {Difference(at)}.");
    }

    internal static PieceMatrix[] Matrices(ModelLayout layout, PieceId id)
    {
        MatrixCut[] cuts = layout.Cut(id);
        PieceMatrix[] matrices = new PieceMatrix[cuts.Length];
        long offset = 0;
        for (int i = 0; i < cuts.Length; i++)
        {
            matrices[i] = new PieceMatrix(cuts[i].Type, cuts[i].Rows, cuts[i].Columns, cuts[i].OwnColumn, offset);
            offset = (offset + matrices[i].ByteCount + MatrixAlignment - 1) / MatrixAlignment * MatrixAlignment;
        }

        return matrices;
    }

    internal static long PayloadBytes(PieceMatrix[] matrices) => matrices[^1].Offset + matrices[^1].ByteCount;

    internal static byte[] Header(ModelManifest manifest, PieceId id, PieceMatrix[] matrices, ReadOnlySpan<byte> payloadHash)
    {
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(VersionAt), ModelManifest.FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(MatrixCountAt), matrices.Length);
        manifest.Hash.CopyTo(header.AsSpan(ModelHashAt));
        WriteNumbers(header.AsSpan(IdAt), (int)id.Kind, id.Layer, id.FirstGroup, id.GroupCount);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(PayloadBytesAt), PayloadBytes(matrices));
        payloadHash.CopyTo(header.AsSpan(PayloadHashAt));
        for (int i = 0; i < matrices.Length; i++)
        {
            PieceMatrix matrix = matrices[i];
            Span<byte> entry = header.AsSpan(TableAt + i * EntryBytes, EntryBytes);
            WriteNumbers(entry, (int)matrix.Type, matrix.Rows, matrix.Columns, matrix.OwnColumn);
            BinaryPrimitives.WriteInt64LittleEndian(entry[16..], matrix.Stride);
            BinaryPrimitives.WriteInt64LittleEndian(entry[24..], matrix.Offset);
            BinaryPrimitives.WriteInt64LittleEndian(entry[32..], matrix.ByteCount);
        }

        return header;
    }

    private static void WriteNumbers(Span<byte> target, params ReadOnlySpan<int> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(target[(i * sizeof(int))..], values[i]);
        }
    }

    private static string Difference(int at) => at switch
    {
        < VersionAt => "does not begin as a piece does",
        < MatrixCountAt => $"is not of format version {ModelManifest.FormatVersion}",
        >= ModelHashAt and < IdAt => "is of another model file",
        >= IdAt and < PayloadBytesAt => "is another piece of the model",
        _ => $"differs from what the model asks for at byte {at} of its header",
    };
}
