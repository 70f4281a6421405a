namespace Halo.Inference.Tests;

/// <summary>A file name in a folder of its own that is gone after the test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-test-");

    internal TemporaryFile()
    {
    }

    internal TemporaryFile(byte[] content) => File.WriteAllBytes(Path, content);

    internal string Folder => _folder.FullName;

    internal string Path => System.IO.Path.Combine(_folder.FullName, "model.gguf");

    public void Dispose() => _folder.Delete(recursive: true);
}
