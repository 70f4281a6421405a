using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Halo.Boards.Control;

/// <summary>
/// Fields in a row, each with its length before it, so that no two lists of fields give the same bytes. What both ends have said so far is
/// such a list; tags and keys are made over it.
/// </summary>
internal sealed class Transcript
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    internal ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    internal Transcript Add(ReadOnlySpan<byte> field)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.GetSpan(sizeof(int)), field.Length);
        _bytes.Advance(sizeof(int));
        _bytes.Write(field);
        return this;
    }

    internal Transcript Add(string field) => Add(Encoding.UTF8.GetBytes(field));

    internal Transcript Add(long field)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, field);
        return Add(bytes);
    }

    /// <summary>A longer transcript that begins with this one, which stays as it is.</summary>
    internal Transcript Fork()
    {
        Transcript copy = new();
        copy._bytes.Write(Bytes);
        return copy;
    }

    internal byte[] Hash() => SHA256.HashData(Bytes);
}
