using System.Diagnostics.CodeAnalysis;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Halo.Inference.Gguf;

/// <summary>
/// A GGUF file (version 2 or 3, little endian), mapped read-only: header and directory are checked completely on opening, tensor
/// data is touched only when asked for. Pointers and spans of the data end with <see cref="Dispose"/>.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747; // "GGUF" read little endian
    private const uint SwappedVersion2 = 0x02000000;
    private const uint SwappedVersion3 = 0x03000000;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly unsafe byte* _start;
    private readonly Dictionary<string, GgufTensorInfo> _byName;
    private bool _disposed;

    private unsafe GgufFile(string path, MemoryMappedFile file, MemoryMappedViewAccessor view, byte* start, long length)
    {
        Path = path;
        Length = length;
        _file = file;
        _view = view;
        _start = start;
        GgufReader reader = new(start, length, path);
        Version = ReadVersion(reader);
        ulong tensorCount = reader.Read<ulong>("the tensor count");
        ulong keyCount = reader.Read<ulong>("the metadata count");
        int keys = reader.CheckCount(keyCount, GgufLimits.MaxKeyCount, GgufLimits.MinKeyEntryBytes, "metadata count");
        int tensors = reader.CheckCount(tensorCount, GgufLimits.MaxTensorCount, GgufLimits.MinTensorEntryBytes, "tensor count");
        Metadata = GgufMetadataReader.Read(reader, keys, path);
        TensorList = GgufTensorReader.Read(reader, tensors, ReadAlignment(reader));
        _byName = TensorList.ToDictionary(info => info.Name, StringComparer.Ordinal);
    }

    /// <summary>Path the file was opened by.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>GGUF version: 2 or 3.</summary>
    public uint Version { get; }

    /// <summary>Key-value section.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Tensors by name; empty for a file that holds a vocabulary only.</summary>
    public IReadOnlyDictionary<string, GgufTensorInfo> Tensors => _byName;

    /// <summary>Tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensorInfo> TensorList { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="GgufFormatException">The file is not a GGUF file that can be used; the message says why and where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static unsafe GgufFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new GgufFormatException($"{path}: is a directory; name the .gguf file in it.");
        }

        // The mapping owns the stream: on Unix a view is made from its handle.
        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        long length = stream.Length;
        if (length == 0)
        {
            stream.Dispose();
            throw new GgufFormatException($"{path}: is empty (0 bytes); copy or download it again.");
        }

        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        MemoryMappedViewAccessor? view = null;
        byte* start = null;
        try
        {
            view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            return new GgufFile(path, file, view, start + view.PointerOffset, length);
        }
        catch
        {
            Release(file, view, start != null);
            throw;
        }
    }

    /// <summary>Finds a tensor.</summary>
    public bool TryGetTensor(string name, [NotNullWhen(true)] out GgufTensorInfo? info) => _byName.TryGetValue(name, out info);

    /// <summary>Finds a tensor that must be there.</summary>
    /// <exception cref="GgufFormatException">It is not; the message names it.</exception>
    public GgufTensorInfo RequireTensor(string name) =>
        TryGetTensor(name, out GgufTensorInfo? info)
            ? info
            : throw new GgufFormatException(_byName.Count == 0
                ? $"{Path}: tensor '{name}' is missing: the file holds a vocabulary but no weights."
                : $"{Path}: tensor '{name}' is missing among {_byName.Count} tensors.");

    /// <summary>First byte of a tensor's data; <see cref="GgufTensorInfo.ByteCount"/> bytes are readable until disposal.</summary>
    public unsafe byte* DataPointer(GgufTensorInfo info)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_byName.TryGetValue(info.Name, out GgufTensorInfo? own) || !ReferenceEquals(own, info))
        {
            throw new ArgumentException($"Tensor '{info.Name}' is not one of {Path}.", nameof(info));
        }

        return _start + info.Offset;
    }

    /// <summary>Data of a tensor up to 2 GiB, readable until disposal.</summary>
    public unsafe ReadOnlySpan<byte> Data(GgufTensorInfo info) =>
        info.ByteCount <= int.MaxValue
            ? new ReadOnlySpan<byte>(DataPointer(info), (int)info.ByteCount)
            : throw new ArgumentException($"Tensor '{info.Name}' has {info.ByteCount:N0} bytes, too many for one span; use its rows.", nameof(info));

    /// <summary>Data of one row of a tensor of any size, readable until disposal.</summary>
    public unsafe ReadOnlySpan<byte> Row(GgufTensorInfo info, long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, info.Rows);
        long rowBytes = info.ByteCount / info.Rows;
        return new ReadOnlySpan<byte>(DataPointer(info) + (row * rowBytes), checked((int)rowBytes));
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Release(_file, _view, pointerHeld: true);
        }
    }

    private static uint ReadVersion(GgufReader reader)
    {
        uint magic = reader.Read<uint>("the magic number");
        if (magic != Magic)
        {
            throw reader.Error($"is not a GGUF file: it begins with 0x{magic:X8} instead of 'GGUF'", 0);
        }

        uint version = reader.Read<uint>("the version");
        return version switch
        {
            2 or 3 => version,
            SwappedVersion2 or SwappedVersion3 => throw reader.Error("is big endian; convert it to little endian", 4),
            _ => throw reader.Error($"has GGUF version {version}; versions 2 and 3 are read, so convert it with a current llama.cpp", 4),
        };
    }

    private long ReadAlignment(GgufReader reader)
    {
        uint alignment = Metadata.GetUInt32("general.alignment", GgufLimits.DefaultAlignment);
        return alignment is >= 8 and <= GgufLimits.MaxAlignment && uint.IsPow2(alignment)
            ? alignment
            : throw reader.Error($"general.alignment is {alignment}; it must be a power of two from 8 to {GgufLimits.MaxAlignment:N0}");
    }

    private static void Release(MemoryMappedFile file, MemoryMappedViewAccessor? view, bool pointerHeld)
    {
        SafeMemoryMappedViewHandle? handle = view?.SafeMemoryMappedViewHandle;
        if (pointerHeld)
        {
            handle?.ReleasePointer();
        }

        view?.Dispose();
        file.Dispose();
    }
}
