namespace Halo.Silo;

/// <summary>Where this user's programs keep what can be had again.</summary>
public static class CacheFolders
{
    /// <summary>The user's cache folder, or the temporary one where there is no home.</summary>
    public static string Default
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return Path.Combine(cache is { Length: > 0 } ? cache : home.Length > 0 ? Path.Combine(home, ".cache") : Path.GetTempPath(), "halo");
        }
    }
}
