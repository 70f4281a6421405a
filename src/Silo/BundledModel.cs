namespace Halo.Silo;

/// <summary>The story model that ships with this project.</summary>
public static class BundledModel
{
    /// <summary>The name it is served under.</summary>
    public const string Name = "halo-tales";

    /// <summary>Its file, copied beside the program at build time.</summary>
    public static string Path => System.IO.Path.Combine(AppContext.BaseDirectory, "models", "halo-tales.gguf");
}
