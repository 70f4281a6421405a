using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Halo.Inference.Gguf;

/// <summary>Bounds-checked little-endian cursor over the mapped bytes of a GGUF header.</summary>
internal sealed unsafe class GgufReader(byte* start, long length, string path)
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal long Position { get; private set; }

    internal long Remaining => length - Position;

    /// <summary>Reads one fixed-size number. <paramref name="what"/> names it in the message of a truncated file.</summary>
    internal T Read<T>(string what)
        where T : unmanaged
    {
        Debug.Assert(BitConverter.IsLittleEndian, "GGUF is little endian and so is every platform .NET 10 runs on");
        Need((ulong)sizeof(T), what);
        T value = Unsafe.ReadUnaligned<T>(start + Position);
        Position += sizeof(T);
        return value;
    }

    /// <summary>Reads a string value; malformed UTF-8 becomes U+FFFD because a text value only informs.</summary>
    internal string ReadText(string what) => Encoding.UTF8.GetString(ReadBytes(GgufLimits.MaxStringBytes, what));

    /// <summary>Reads a key or tensor name, which must be UTF-8 and not empty because things are found by it.</summary>
    internal string ReadName(int maxBytes, string what)
    {
        long at = Position;
        ReadOnlySpan<byte> bytes = ReadBytes(maxBytes, what);
        if (bytes.IsEmpty)
        {
            throw Error($"{what} is empty", at);
        }

        try
        {
            return s_strictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Error($"{what} is not UTF-8", at);
        }
    }

    /// <summary>Copies <paramref name="count"/> numbers into a new array, after checking that the file holds them.</summary>
    internal T[] ReadArray<T>(int count, string what)
        where T : unmanaged
    {
        Need((ulong)count * (ulong)sizeof(T), what);
        T[] values = new T[count];
        new ReadOnlySpan<byte>(start + Position, count * sizeof(T)).CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        Position += (long)count * sizeof(T);
        return values;
    }

    /// <summary>Refuses a count of entries that the limit or the rest of the file cannot hold.</summary>
    internal int CheckCount(ulong count, int limit, int minEntryBytes, string what)
    {
        if (count > (ulong)limit)
        {
            throw Error($"{what} is {count:N0}, more than the limit of {limit:N0}");
        }

        if (count * (ulong)minEntryBytes > (ulong)Remaining)
        {
            throw Error($"{what} is {count:N0}, which the remaining {Remaining:N0} bytes cannot hold: the file is truncated or damaged");
        }

        return (int)count;
    }

    internal GgufFormatException Error(string message, long? at = null) => new($"{path}: {message} (at byte {at ?? Position:N0}).");

    private ReadOnlySpan<byte> ReadBytes(int maxBytes, string what)
    {
        ulong count = Read<ulong>($"length of {what}");
        if (count > (ulong)Remaining)
        {
            throw Error($"{what} claims {count:N0} bytes but only {Remaining:N0} are left: the file is truncated or damaged", Position - 8);
        }

        if (count > (ulong)maxBytes)
        {
            throw Error($"{what} claims {count:N0} bytes, more than the limit of {maxBytes:N0}", Position - 8);
        }

        ReadOnlySpan<byte> bytes = new(start + Position, (int)count);
        Position += (long)count;
        return bytes;
    }

    private void Need(ulong bytes, string what)
    {
        if (bytes > (ulong)Remaining)
        {
            throw Error($"the file ends inside {what}: {bytes:N0} bytes needed, {Remaining:N0} left; copy or download it again");
        }
    }
}
