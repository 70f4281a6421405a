using System.Buffers.Binary;

namespace Halo.Inference.Tests.Gguf.Fuzz;

/// <summary>
/// A sound GGUF file taken apart without its reader: each metadata entry and tensor entry as bytes, and where their fields begin, so that mutations can
/// be aimed. The data is not kept, only its size.
/// </summary>
internal sealed class GgufParts
{
    private const int Alignment = 32;

    private GgufParts(byte[] start, List<Entry> keys, List<Entry> tensors, long dataBytes)
    {
        (Start, Keys, Tensors, DataBytes) = (start, keys, tensors, dataBytes);
    }

    /// <summary>Magic number and version.</summary>
    internal byte[] Start { get; }

    /// <summary>Metadata entries.</summary>
    internal List<Entry> Keys { get; }

    /// <summary>Tensor entries.</summary>
    internal List<Entry> Tensors { get; }

    /// <summary>Bytes of the data section.</summary>
    internal long DataBytes { get; }

    /// <summary>Takes a file apart that has the usual alignment.</summary>
    internal static GgufParts Of(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        ulong tensorCount = BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(8));
        ulong keyCount = BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(16));
        int at = 24;
        List<Entry> keys = [];
        for (ulong i = 0; i < keyCount; i++)
        {
            keys.Add(TakeKey(file, ref at));
        }

        List<Entry> tensors = [];
        for (ulong i = 0; i < tensorCount; i++)
        {
            tensors.Add(TakeTensor(file, ref at));
        }

        return new GgufParts(file[..8], keys, tensors, file.Length - Padded(at));
    }

    internal GgufParts Copy() => new([.. Start], [.. Keys], [.. Tensors], DataBytes);

    /// <summary>The file up to its data, padding included.</summary>
    /// <param name="keyCount">What the header claims; null for the truth.</param>
    /// <param name="tensorCount">What the header claims; null for the truth.</param>
    internal byte[] Header(ulong? keyCount = null, ulong? tensorCount = null)
    {
        List<byte> header = [.. Start];
        header.AddRange(BitConverter.GetBytes(tensorCount ?? (ulong)Tensors.Count));
        header.AddRange(BitConverter.GetBytes(keyCount ?? (ulong)Keys.Count));
        Keys.ForEach(entry => header.AddRange(entry.Bytes));
        Tensors.ForEach(entry => header.AddRange(entry.Bytes));
        header.AddRange(new byte[Padded(header.Count) - header.Count]);
        return [.. header];
    }

    private static Entry TakeKey(byte[] file, ref int at)
    {
        int start = at;
        List<Field> fields = [];
        TakeText(file, ref at, start, fields);
        uint type = (uint)Take(file, ref at, 4, start, fields);
        TakeValue(file, ref at, type, start, fields);
        return new Entry(file[start..at], fields);
    }

    private static void TakeValue(byte[] file, ref int at, uint type, int start, List<Field> fields)
    {
        switch (type)
        {
            case 8:
                TakeText(file, ref at, start, fields);
                break;
            case 9:
                uint element = (uint)Take(file, ref at, 4, start, fields);
                ulong count = Take(file, ref at, 8, start, fields);
                for (ulong i = 0; i < count; i++)
                {
                    TakeValue(file, ref at, element, start, fields);
                }

                break;
            default:
                Take(file, ref at, type switch { 0 or 1 or 7 => 1, 2 or 3 => 2, 4 or 5 or 6 => 4, _ => 8 }, start, fields);
                break;
        }
    }

    private static Entry TakeTensor(byte[] file, ref int at)
    {
        int start = at;
        List<Field> fields = [];
        TakeText(file, ref at, start, fields);
        ulong dimensions = Take(file, ref at, 4, start, fields);
        for (ulong i = 0; i < dimensions; i++)
        {
            Take(file, ref at, 8, start, fields);
        }

        Take(file, ref at, 4, start, fields);
        Take(file, ref at, 8, start, fields);
        return new Entry(file[start..at], fields);
    }

    private static void TakeText(byte[] file, ref int at, int start, List<Field> fields)
    {
        int length = (int)Take(file, ref at, 8, start, fields);
        at += length;
    }

    private static ulong Take(byte[] file, ref int at, int size, int start, List<Field> fields)
    {
        fields.Add(new Field(at - start, size));
        ulong value = size switch
        {
            1 => file[at],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at)),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)),
        };
        at += size;
        return value;
    }

    private static int Padded(int length) => (length + Alignment - 1) / Alignment * Alignment;

    /// <summary>An entry of the header.</summary>
    /// <param name="Bytes">All of it.</param>
    /// <param name="Fields">Its numbers: lengths, types, counts and values.</param>
    internal sealed record Entry(byte[] Bytes, List<Field> Fields);

    /// <summary>A number of an entry.</summary>
    /// <param name="Offset">Where it begins.</param>
    /// <param name="Size">Its bytes.</param>
    internal readonly record struct Field(int Offset, int Size);
}
