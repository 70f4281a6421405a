using System.Runtime.InteropServices;

namespace Halo.Planning.Importance.Fitting;

/// <summary>Doubles as they lie in memory: for files that the same machine reads again.</summary>
public static class StoredSums
{
    /// <summary>Writes numbers.</summary>
    public static void Save(BinaryWriter writer, ReadOnlySpan<double> numbers)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(MemoryMarshal.AsBytes(numbers));
    }

    /// <summary>Reads as many numbers as there is room for.</summary>
    /// <exception cref="EndOfStreamException">There are fewer.</exception>
    public static void Load(BinaryReader reader, Span<double> numbers)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(numbers));
    }
}
