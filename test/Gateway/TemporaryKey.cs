using Halo.Boards.Control;

namespace Halo.Gateway;

/// <summary>A key file for one test.</summary>
internal sealed class TemporaryKey : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-gateway-");

    /// <param name="text">What is in the file; null for a new key.</param>
    public TemporaryKey(string? text = null)
    {
        if (text is null)
        {
            ClusterKey.WriteNew(Path);
        }
        else
        {
            File.WriteAllText(Path, text);
        }
    }

    public string Path => System.IO.Path.Combine(_folder.FullName, "cluster.key");

    public ClusterKey Key => ClusterKey.Read(Path, out _);

    public void Dispose() => _folder.Delete(recursive: true);
}
