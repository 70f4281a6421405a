namespace Halo.Inference.Gguf;

/// <summary>Reads the key-value section of a GGUF header.</summary>
internal static class GgufMetadataReader
{
    internal static GgufMetadata Read(GgufReader reader, int keyCount, string path)
    {
        Dictionary<string, object> values = new(keyCount, StringComparer.Ordinal);
        List<string> order = new(keyCount);
        for (int i = 0; i < keyCount; i++)
        {
            long at = reader.Position;
            string key = reader.ReadName(GgufLimits.MaxKeyBytes, $"metadata key {i}");
            object value = ReadValue(reader, key);
            if (!values.TryAdd(key, value))
            {
                throw reader.Error($"metadata key '{key}' occurs twice", at);
            }

            order.Add(key);
        }

        return new GgufMetadata(path, order, values);
    }

    private static object ReadValue(GgufReader reader, string key)
    {
        string what = $"value of '{key}'";
        GgufValueType type = (GgufValueType)reader.Read<uint>($"type of '{key}'");
        return type switch
        {
            GgufValueType.UInt8 => reader.Read<byte>(what),
            GgufValueType.Int8 => reader.Read<sbyte>(what),
            GgufValueType.UInt16 => reader.Read<ushort>(what),
            GgufValueType.Int16 => reader.Read<short>(what),
            GgufValueType.UInt32 => reader.Read<uint>(what),
            GgufValueType.Int32 => reader.Read<int>(what),
            GgufValueType.UInt64 => reader.Read<ulong>(what),
            GgufValueType.Int64 => reader.Read<long>(what),
            GgufValueType.Float32 => reader.Read<float>(what),
            GgufValueType.Float64 => reader.Read<double>(what),
            GgufValueType.Bool => ReadBoolean(reader, key),
            GgufValueType.String => reader.ReadText(what),
            GgufValueType.Array => ReadArray(reader, key),
            _ => throw reader.Error($"metadata key '{key}' has unknown value type {(uint)type}", reader.Position - 4),
        };
    }

    private static bool ReadBoolean(GgufReader reader, string key)
    {
        byte value = reader.Read<byte>($"value of '{key}'");
        return value <= 1 ? value == 1 : throw reader.Error($"boolean '{key}' has value {value} instead of 0 or 1", reader.Position - 1);
    }

    private static object ReadArray(GgufReader reader, string key)
    {
        long at = reader.Position;
        GgufValueType type = (GgufValueType)reader.Read<uint>($"element type of '{key}'");
        if (type == GgufValueType.Array)
        {
            throw reader.Error($"metadata key '{key}' is an array of arrays, which no model needs", at);
        }

        string what = $"elements of '{key}'";
        ulong claimed = reader.Read<ulong>($"length of '{key}'");
        int count = reader.CheckCount(claimed, GgufLimits.MaxArrayLength, MinElementBytes(type), $"element count of '{key}'");
        return type switch
        {
            GgufValueType.UInt8 => reader.ReadArray<byte>(count, what),
            GgufValueType.Int8 => reader.ReadArray<sbyte>(count, what),
            GgufValueType.UInt16 => reader.ReadArray<ushort>(count, what),
            GgufValueType.Int16 => reader.ReadArray<short>(count, what),
            GgufValueType.UInt32 => reader.ReadArray<uint>(count, what),
            GgufValueType.Int32 => reader.ReadArray<int>(count, what),
            GgufValueType.UInt64 => reader.ReadArray<ulong>(count, what),
            GgufValueType.Int64 => reader.ReadArray<long>(count, what),
            GgufValueType.Float32 => reader.ReadArray<float>(count, what),
            GgufValueType.Float64 => reader.ReadArray<double>(count, what),
            GgufValueType.Bool => Array.ConvertAll(reader.ReadArray<byte>(count, what), value => value != 0),
            GgufValueType.String => ReadStrings(reader, count, key),
            _ => throw reader.Error($"metadata key '{key}' has unknown element type {(uint)type}", at),
        };
    }

    private static string[] ReadStrings(GgufReader reader, int count, string key)
    {
        string what = $"element of '{key}'";
        string[] values = new string[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = reader.ReadText(what);
        }

        return values;
    }

    // A string takes at least its 8-byte length; a bound of 1 is enough for the rest, ReadArray checks exactly.
    private static int MinElementBytes(GgufValueType type) => type == GgufValueType.String ? 8 : 1;
}
