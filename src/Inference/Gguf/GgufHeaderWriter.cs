using System.Runtime.InteropServices;
using System.Text;

namespace Halo.Inference.Gguf;

/// <summary>Writes header, metadata and tensor directory of a GGUF v3 file.</summary>
internal static class GgufHeaderWriter
{
    private const uint Version = 3;

    internal static void Write(Stream stream, List<(string Key, object Value)> metadata, List<GgufTensorInfo> tensors)
    {
        using BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true); // little endian on every platform
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        foreach ((string key, object value) in metadata)
        {
            WriteText(writer, key);
            WriteValue(writer, key, value);
        }

        foreach (GgufTensorInfo info in tensors)
        {
            WriteText(writer, info.Name);
            writer.Write((uint)info.Dimensions.Count);
            foreach (long size in info.Dimensions)
            {
                writer.Write(size);
            }

            writer.Write((uint)info.Type);
            writer.Write(info.Offset);
        }
    }

    private static void WriteValue(BinaryWriter writer, string key, object value)
    {
        GgufValueType type = TypeOf(value.GetType(), key);
        writer.Write((uint)type);
        switch (value)
        {
            case string text:
                WriteText(writer, text);
                break;
            case string[] texts:
                WriteArrayHead(writer, GgufValueType.String, texts.Length);
                Array.ForEach(texts, text => WriteText(writer, text));
                break;
            case bool[] flags:
                WriteArrayHead(writer, GgufValueType.Bool, flags.Length);
                Array.ForEach(flags, writer.Write);
                break;
            case Array array:
                WriteArrayHead(writer, TypeOf(array.GetType().GetElementType()!, key), array.Length);
                writer.Write(BytesOf(array));
                break;
            case bool flag:
                writer.Write(flag);
                break;
            default:
                Array single = Array.CreateInstance(value.GetType(), 1);
                single.SetValue(value, 0);
                writer.Write(BytesOf(single));
                break;
        }
    }

    // Numbers lie in memory as they do in the file: both are little endian.
    private static ReadOnlySpan<byte> BytesOf(Array array) => MemoryMarshal.CreateReadOnlySpan(
        ref MemoryMarshal.GetArrayDataReference(array), Buffer.ByteLength(array));

    private static void WriteArrayHead(BinaryWriter writer, GgufValueType type, int count)
    {
        writer.Write((uint)type);
        writer.Write((ulong)count);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static GgufValueType TypeOf(Type type, string key) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => GgufValueType.UInt8,
        TypeCode.SByte => GgufValueType.Int8,
        TypeCode.UInt16 => GgufValueType.UInt16,
        TypeCode.Int16 => GgufValueType.Int16,
        TypeCode.UInt32 => GgufValueType.UInt32,
        TypeCode.Int32 => GgufValueType.Int32,
        TypeCode.UInt64 => GgufValueType.UInt64,
        TypeCode.Int64 => GgufValueType.Int64,
        TypeCode.Single => GgufValueType.Float32,
        TypeCode.Double => GgufValueType.Float64,
        TypeCode.Boolean => GgufValueType.Bool,
        TypeCode.String => GgufValueType.String,
        _ => type.IsArray ? GgufValueType.Array : throw new ArgumentException($"Metadata key '{key}' cannot hold a {type.Name}.", nameof(type)),
    };
}
