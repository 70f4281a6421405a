namespace Halo.Testing;

/// <summary>Where tests find the repository and the shared models and texts that lie beside it.</summary>
public static class TestPaths
{
    /// <summary>The repository root: the folder that holds <c>Halo.Orleans.sln</c>.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The folder of shared models and texts: <c>HALO_SHARED</c>, else <c>../shared</c> beside the repository.</summary>
    public static string SharedRoot { get; } =
        Environment.GetEnvironmentVariable("HALO_SHARED") ?? Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared"));

    /// <summary>The bundled model that ships with the repository (halo-tales in Q8_0).</summary>
    public static string BundledModel => Path.Combine(RepositoryRoot, "models", "halo-tales.gguf");

    /// <summary>A file below the shared folder; it may be missing (see <see cref="SharedFactAttribute"/>).</summary>
    public static string Shared(string relativePath) => Path.Combine(SharedRoot, relativePath);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Halo.Orleans.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Halo.Orleans.sln above {AppContext.BaseDirectory}.");
    }
}
