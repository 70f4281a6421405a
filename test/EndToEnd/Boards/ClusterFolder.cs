using Halo.Boards.Control;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>A folder with a cluster's key and its boards' caches, gone when the test is over.</summary>
internal sealed class ClusterFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-test-");

    internal ClusterFolder() => ClusterKey.WriteNew(KeyFile);

    internal string KeyFile => Path.Combine(_folder.FullName, "cluster.key");

    /// <summary>A path in it.</summary>
    internal string PathOf(string name) => Path.Combine(_folder.FullName, name);

    internal string CacheOf(string board) => Path.Combine(_folder.FullName, "cache", board);

    /// <summary>Writes a file; returns its path.</summary>
    internal string Write(string name, string text)
    {
        string path = PathOf(name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
