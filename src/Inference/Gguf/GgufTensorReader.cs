using Halo.Inference.Quantization;

namespace Halo.Inference.Gguf;

/// <summary>Reads the tensor directory of a GGUF header and checks every entry against the file it describes.</summary>
internal static class GgufTensorReader
{
    internal static List<GgufTensorInfo> Read(GgufReader reader, int tensorCount, long alignment)
    {
        List<GgufTensorInfo> relative = new(tensorCount);
        HashSet<string> names = new(tensorCount, StringComparer.Ordinal);
        for (int i = 0; i < tensorCount; i++)
        {
            long at = reader.Position;
            GgufTensorInfo info = ReadEntry(reader, i, alignment);
            if (!names.Add(info.Name))
            {
                throw reader.Error($"tensor '{info.Name}' occurs twice", at);
            }

            relative.Add(info);
        }

        return Place(reader, relative, alignment);
    }

    private static GgufTensorInfo ReadEntry(GgufReader reader, int index, long alignment)
    {
        string name = reader.ReadName(GgufLimits.MaxTensorNameBytes, $"name of tensor {index}");
        uint dimensionCount = reader.Read<uint>($"dimension count of tensor '{name}'");
        if (dimensionCount is 0 or > GgufLimits.MaxDimensionCount)
        {
            throw reader.Error(
                $"tensor '{name}' has {dimensionCount:N0} dimensions; 1 to {GgufLimits.MaxDimensionCount} are possible", reader.Position - 4);
        }

        long[] dimensions = new long[dimensionCount];
        for (int i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = reader.Read<long>($"dimension {i} of tensor '{name}'");
            if (dimensions[i] is < 1 or > GgufLimits.MaxDimension)
            {
                throw reader.Error(
                    $"dimension {i} of tensor '{name}' is {dimensions[i]:N0}; 1 to {GgufLimits.MaxDimension:N0} is possible", reader.Position - 8);
            }
        }

        TensorType type = (TensorType)reader.Read<uint>($"type of tensor '{name}'");
        if (!TensorTypes.IsKnown(type))
        {
            throw reader.Error(
                $"tensor '{name}' has type id {(uint)type}, which is not known here; requantise the model, for example to Q8_0 or Q4_0",
                reader.Position - 4);
        }

        long byteCount = ByteCount(reader, name, dimensions, type);
        ulong offset = reader.Read<ulong>($"offset of tensor '{name}'");
        if (offset > long.MaxValue || offset % (ulong)alignment != 0)
        {
            throw reader.Error($"tensor '{name}' begins at data offset {offset:N0}, no multiple of the alignment {alignment}", reader.Position - 8);
        }

        return new GgufTensorInfo(name, dimensions, type, (long)offset, byteCount);
    }

    private static long ByteCount(GgufReader reader, string name, long[] dimensions, TensorType type)
    {
        int blockColumns = TensorTypes.BlockColumns(type);
        if (dimensions[0] % blockColumns != 0)
        {
            throw reader.Error($"tensor '{name}' has rows of {dimensions[0]:N0} elements, no multiple of the {blockColumns} in a {type} block");
        }

        // At most 2^40 columns of at most 4 bytes (or 292 bytes for 256): the first product fits; the rest is checked.
        long bytes = dimensions[0] / blockColumns * TensorTypes.BlockBytes(type);
        for (int i = 1; i < dimensions.Length; i++)
        {
            if (bytes > long.MaxValue / dimensions[i])
            {
                throw reader.Error($"tensor '{name}' of {string.Join(" x ", dimensions)} elements is larger than any file");
            }

            bytes *= dimensions[i];
        }

        return bytes;
    }

    // Offsets are relative to the data section, which begins at the next multiple of the alignment after the directory.
    private static List<GgufTensorInfo> Place(GgufReader reader, List<GgufTensorInfo> relative, long alignment)
    {
        long fileBytes = reader.Position + reader.Remaining;
        long dataStart = (reader.Position + alignment - 1) / alignment * alignment;
        List<GgufTensorInfo> placed = new(relative.Count);
        foreach (GgufTensorInfo info in relative)
        {
            long dataBytes = Math.Max(0, fileBytes - dataStart);
            if (info.Offset > dataBytes || info.ByteCount > dataBytes - info.Offset)
            {
                throw reader.Error(
                    $"tensor '{info.Name}' needs {info.ByteCount:N0} bytes at data offset {info.Offset:N0} but the data section has "
                    + $"{dataBytes:N0}: the file is truncated; copy or download it again",
                    dataStart);
            }

            placed.Add(info with { Offset = dataStart + info.Offset });
        }

        return placed;
    }
}
