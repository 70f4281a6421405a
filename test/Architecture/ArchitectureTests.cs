namespace Halo.Architecture.Tests;

/// <summary>The rules of the house, held against what lies under <c>src</c> and <c>lab</c>.</summary>
public sealed class ArchitectureTests
{
    private const int MostEngineLines = 2_000;

    private static readonly string s_source = Path.Combine(TestPaths.RepositoryRoot, "src");

    [Fact]
    public void Projects_UnderSource_KeepTheArrows()
    {
        ProjectFile[] projects = [.. Files("*.csproj").Select(path =>
            ProjectFile.Parse(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path)))];

        Assert.Empty(projects.SelectMany(ProjectRules.Faults));
        Assert.Equal(ProjectRules.Projects.Order(), projects.Select(project => project.Name).Order());
    }

    [Fact]
    public void GrainEngineProps_AloneReferences_TheEmbeddedEngine()
    {
        ProjectFile props = ProjectFile.Parse("GrainEngine", File.ReadAllText(Path.Combine(s_source, ProjectRules.EngineProps)));
        Assert.Equal(["Halo.Orleans.Embedded"], props.References);
        Assert.All(props.Packages, package => Assert.Null(package.Version));
    }

    [Fact]
    public void PackageVersions_InTheCentralList_AreExact() =>
        Assert.Empty(ProjectRules.FloatingVersions(File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "Directory.Packages.props"))));

    [Fact]
    public void TestProjects_NameNoVersions()
    {
        IEnumerable<PackageUse> versioned = Directory.EnumerateFiles(Path.Combine(TestPaths.RepositoryRoot, "test"), "*.csproj", SearchOption.AllDirectories)
            .SelectMany(path => ProjectFile.Parse(path, File.ReadAllText(path)).Packages)
            .Where(package => package.Version is not null);
        Assert.Empty(versioned);
    }

    [Fact]
    public void SourceFiles_UnderSource_KeepTheRules()
    {
        string[] files = [.. Files("*.cs")];
        Assert.True(files.Length > 100, $"Only {files.Length} source files were found under {s_source}.");
        Assert.Empty(files.SelectMany(path =>
            SourceRules.Faults(Path.GetRelativePath(s_source, path).Replace('\\', '/'), File.ReadAllText(path))));
    }

    [Fact]
    public void EmbeddedEngine_InAll_StaysSmall()
    {
        string[] files = [.. Files("*.cs").Where(path => path.StartsWith(Path.Combine(s_source, "Orleans.Embedded"), StringComparison.Ordinal))];
        Assert.True(files.Length > 20, $"Only {files.Length} source files of the embedded engine were found.");
        int lines = files.Sum(path => File.ReadAllText(path).AsSpan().Count('\n'));
        Assert.True(lines < MostEngineLines, $"The embedded engine has {lines} lines; it stays under {MostEngineLines} or does too much.");
    }

    private static IEnumerable<string> Files(string pattern) => new[] { s_source, Path.Combine(TestPaths.RepositoryRoot, "lab") }
        .SelectMany(folder => Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories))
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
}
