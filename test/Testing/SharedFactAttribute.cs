using Xunit;

namespace Halo.Testing;

/// <summary>A fact that needs files of the shared folder and is skipped, naming the first missing one, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedFactAttribute : FactAttribute
{
    /// <param name="paths">Paths relative to the shared folder.</param>
    public SharedFactAttribute(params string[] paths) => Skip = SharedFiles.FirstMissing(paths);
}

/// <summary>A theory that needs files of the shared folder and is skipped, naming the first missing one, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    /// <param name="paths">Paths relative to the shared folder.</param>
    public SharedTheoryAttribute(params string[] paths) => Skip = SharedFiles.FirstMissing(paths);
}

internal static class SharedFiles
{
    internal static string? FirstMissing(string[] paths) =>
        paths.FirstOrDefault(path => !File.Exists(TestPaths.Shared(path))) is { } missing ? $"shared file {missing} is not here" : null;
}
