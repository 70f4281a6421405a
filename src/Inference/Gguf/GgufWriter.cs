using Halo.Inference.Quantization;

namespace Halo.Inference.Gguf;

/// <summary>
/// Writes a GGUF v3 file: set the metadata, declare every tensor, then write the tensors' data in the order they were declared, so
/// that no tensor is ever whole in memory. The file appears under its name, whole, on <see cref="Complete"/>; before that it is a
/// temporary file beside, which <see cref="Dispose"/> deletes.
/// </summary>
public sealed class GgufWriter : IDisposable
{
    private const int Alignment = GgufLimits.DefaultAlignment;

    private readonly string _path;
    private readonly string _temporaryPath;
    private readonly FileStream _stream;
    private readonly List<(string Key, object Value)> _metadata = [];
    private readonly List<GgufTensorInfo> _tensors = []; // offsets from the beginning of the data section
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private long _dataStart; // first byte of the data section in the file
    private long _dataEnd; // relative to it
    private int _written = -1; // tensors written; -1 while the header is still open
    private bool _completed;

    /// <param name="path">File to write; an existing one is replaced on <see cref="Complete"/>.</param>
    public GgufWriter(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.GetFullPath(path);
        _temporaryPath = $"{_path}.{Guid.NewGuid():N}.part";
        _stream = new FileStream(_temporaryPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
    }

    /// <summary>Sets a text.</summary>
    public void Set(string key, string value) => SetValue(key, value);

    /// <summary>Sets an unsigned integer.</summary>
    public void Set(string key, uint value) => SetValue(key, value);

    /// <summary>Sets a float.</summary>
    public void Set(string key, float value) => SetValue(key, value);

    /// <summary>Sets a boolean.</summary>
    public void Set(string key, bool value) => SetValue(key, value);

    /// <summary>Sets an array of texts.</summary>
    public void Set(string key, string[] value) => SetValue(key, value);

    /// <summary>Sets an array of floats.</summary>
    public void Set(string key, float[] value) => SetValue(key, value);

    /// <summary>Sets an array of integers.</summary>
    public void Set(string key, int[] value) => SetValue(key, value);

    /// <summary>Copies every key that <paramref name="wanted"/> accepts, with its stored type.</summary>
    public void CopyMetadata(GgufMetadata source, Func<string, bool> wanted)
    {
        foreach ((string key, object value) in source.Where(pair => pair.Key != "general.alignment" && wanted(pair.Key)))
        {
            SetValue(key, value);
        }
    }

    /// <summary>Declares the next tensor; dimensions fastest first, as in <see cref="GgufTensorInfo"/>.</summary>
    public void DeclareTensor(string name, IReadOnlyList<long> dimensions, TensorType type)
    {
        RequireOpenHeader();
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (dimensions.Count is 0 or > GgufLimits.MaxDimensionCount || dimensions.Any(size => size is < 1 or > GgufLimits.MaxDimension))
        {
            throw new ArgumentException($"Tensor '{name}' cannot have dimensions [{string.Join(", ", dimensions)}].", nameof(dimensions));
        }

        int blockColumns = TensorTypes.BlockColumns(type);
        if (dimensions[0] % blockColumns != 0)
        {
            throw new ArgumentException(
                $"Tensor '{name}' has rows of {dimensions[0]} elements, no multiple of the {blockColumns} in a {type} block.", nameof(dimensions));
        }

        if (!_names.Add(name))
        {
            throw new ArgumentException($"Tensor '{name}' is declared twice.", nameof(name));
        }

        long bytes = TensorTypes.RowBytes(type, dimensions[0]);
        for (int i = 1; i < dimensions.Count; i++)
        {
            bytes = checked(bytes * dimensions[i]);
        }

        _tensors.Add(new GgufTensorInfo(name, [.. dimensions], type, _dataEnd, bytes));
        _dataEnd = checked(_dataEnd + Padded(bytes));
    }

    /// <summary>Writes the data of the next declared tensor: exactly its bytes, in as many pieces as convenient.</summary>
    public void WriteTensor(string name, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        ObjectDisposedException.ThrowIf(_completed, this);
        WriteHeaderOnce();
        if (_written == _tensors.Count || _tensors[_written].Name != name)
        {
            string expected = _written == _tensors.Count ? "no more tensors are declared" : $"'{_tensors[_written].Name}' comes next";
            throw new InvalidOperationException($"Tensor '{name}' cannot be written now: {expected}.");
        }

        GgufTensorInfo info = _tensors[_written];
        _stream.Position = _dataStart + info.Offset; // a write that failed half-way may be tried again
        using BoundedWriteStream bounded = new(_stream, info.ByteCount);
        write(bounded);
        if (bounded.Position != info.ByteCount)
        {
            throw new InvalidOperationException($"Tensor '{name}' got {bounded.Position:N0} of its {info.ByteCount:N0} bytes.");
        }

        WriteZeros(Padded(info.ByteCount) - info.ByteCount);
        _written++;
    }

    /// <summary>Checks that every tensor was written and gives the file its name.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        WriteHeaderOnce();
        if (_written < _tensors.Count)
        {
            throw new InvalidOperationException($"Tensor '{_tensors[_written].Name}' is declared but was not written.");
        }

        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_temporaryPath, _path, overwrite: true);
        _completed = true;
    }

    /// <summary>Ends writing; without <see cref="Complete"/> before, nothing is left behind.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        if (!_completed)
        {
            File.Delete(_temporaryPath);
        }
    }

    private void SetValue(string key, object value)
    {
        RequireOpenHeader();
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        int index = _metadata.FindIndex(entry => entry.Key == key);
        if (index < 0)
        {
            _metadata.Add((key, value));
        }
        else
        {
            _metadata[index] = (key, value);
        }
    }

    private void RequireOpenHeader()
    {
        if (_written >= 0 || _completed)
        {
            throw new InvalidOperationException("Metadata and tensors are declared before the first tensor is written.");
        }
    }

    private void WriteHeaderOnce()
    {
        if (_written < 0)
        {
            GgufHeaderWriter.Write(_stream, _metadata, _tensors);
            _dataStart = Padded(_stream.Position);
            WriteZeros(_dataStart - _stream.Position);
            _written = 0;
        }
    }

    private void WriteZeros(long count)
    {
        Span<byte> zeros = stackalloc byte[Alignment];
        zeros.Clear();
        _stream.Write(zeros[..(int)count]);
    }

    private static long Padded(long bytes) => checked(bytes + Alignment - 1) / Alignment * Alignment;
}
