using System.IO.Compression;
using Halo.Inference.Gguf;

namespace Halo.Inference.Tests.Tokenization;

/// <summary>A vocabulary of the shared folder, packed or not.</summary>
internal sealed class SharedVocabulary : IDisposable
{
    private readonly TemporaryFile _file;
    private readonly GgufFile _gguf;

    internal SharedVocabulary(string path)
    {
        _file = new TemporaryFile(Unpack(path));
        _gguf = GgufFile.Open(_file.Path);
    }

    internal GgufMetadata Metadata => _gguf.Metadata;

    public void Dispose()
    {
        _gguf.Dispose();
        _file.Dispose();
    }

    private static byte[] Unpack(string path)
    {
        using FileStream stream = File.OpenRead(path);
        using MemoryStream unpacked = new();
        using Stream source = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        source.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}
