namespace Halo.Architecture.Tests;

/// <summary>The checker itself, on made-up files: each rule must be able to fail.</summary>
public sealed class ProjectRulesTests
{
    [Fact]
    public void Faults_ArrowUp_NamesBothEnds() =>
        Assert.Equal(["Halo.Planning must not reference Halo.Boards."], Faults("Halo.Planning", """<ProjectReference Include="../Boards/Halo.Boards.csproj" />"""));

    [Fact]
    public void Faults_ArrowSideways_NamesBothEnds() =>
        Assert.Equal(["Halo.Fabric must not reference Halo.Inference."], Faults("Halo.Fabric", """<ProjectReference Include="..\Inference\Halo.Inference.csproj" />"""));

    [Fact]
    public void Faults_EngineReferencedPastItsProps_IsRefused() =>
        Assert.Single(Faults("Halo.Grains", """<ProjectReference Include="../Orleans.Embedded/Halo.Orleans.Embedded.csproj" />"""));

    [Fact]
    public void Faults_EngineInALowRoom_IsRefused()
    {
        ProjectFile boards = ProjectFile.Parse("Halo.Boards", """<Project><Import Project="../GrainEngine.props" /></Project>""");
        Assert.Equal(["Halo.Boards must not import GrainEngine.props."], ProjectRules.Faults(boards));
    }

    [Theory]
    [InlineData("""<PackageReference Include="Some.Package" Version="1.2.3" />""")]
    [InlineData("""<PackageReference Include="Some.Package" VersionOverride="1.2.3" />""")]
    [InlineData("""<PackageReference Include="Some.Package"><Version>1.2.3</Version></PackageReference>""")]
    public void Faults_PackageWithItsOwnVersion_IsRefused(string item) =>
        Assert.Contains("names version 1.2.3 of Some.Package", Assert.Single(Faults("Halo.Boards", item)), StringComparison.Ordinal);

    [Fact]
    public void Faults_UnknownProject_AsksForARow() => Assert.Contains("Halo.Annex is not in the table", Assert.Single(Faults("Halo.Annex", "")), StringComparison.Ordinal);

    [Fact]
    public void Faults_ArrowsDown_HasNone() =>
        Assert.Empty(Faults("Halo.Boards", """<ProjectReference Include="../Fabric/Halo.Fabric.csproj" /><PackageReference Include="Some.Package" />"""));

    [Theory]
    [InlineData("1.*", 1)]
    [InlineData("[1.0,2.0)", 1)]
    [InlineData("", 1)]
    [InlineData("$(Loose)", 1)]
    [InlineData("$(Exact)", 0)]
    [InlineData("1.2.3", 0)]
    public void FloatingVersions_FindsWhatIsNotExact(string version, int faults) => Assert.Equal(faults, ProjectRules.FloatingVersions(
        $"""
        <Project>
          <PropertyGroup><Loose>10.*</Loose><Exact>10.4.2</Exact></PropertyGroup>
          <ItemGroup><PackageVersion Include="Some.Package" Version="{version}" /></ItemGroup>
        </Project>
        """).Count);

    [Theory]
    [InlineData("Grains/Some.cs", "class A\n{\n#if EMBEDDED\n#endif\n}", "#if EMBEDDED")]
    [InlineData("Grains.Interfaces/Some.cs", "  #  if X\n#endif", "#  if X")]
    [InlineData("Orleans.Embedded/Some.cs", "using System.Net.Sockets;", "System.Net.Sockets")]
    [InlineData("Orleans.Embedded/Some.cs", "using System.Net; IPEndPoint address;", "System.Net")]
    [InlineData("Orleans.Embedded/Some.cs", "new HttpClient()", "HttpClient")]
    [InlineData("Orleans.Embedded/Some.cs", "TcpListener listener;", "TcpListener")]
    [InlineData("Boards/Some.cs", "internal sealed unsafe class A;", "unsafe")]
    [InlineData("Inference/Sampling/Some.cs", "        unsafe\n        {\n", "unsafe")]
    [InlineData("Fabric/Some.cs", "    private static unsafe void Go()", "unsafe")]
    public void SourceFaults_OfAFileAgainstTheRules_NamesWhatWasFound(string path, string text, string found)
    {
        string fault = Assert.Single(SourceRules.Faults(path, text));
        Assert.StartsWith(path, fault, StringComparison.Ordinal);
        Assert.Contains(found, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void SourceFaults_OfALongFile_CountsItsLines()
    {
        Assert.Empty(SourceRules.Faults("Cli/Some.cs", new string('\n', 400)));
        Assert.Contains("401 lines", Assert.Single(SourceRules.Faults("Cli/Some.cs", new string('\n', 401))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Inference/Kernels/Some.cs", "internal static unsafe class A;")]
    [InlineData("Boards/Some.cs", "Unsafe.SizeOf<int>(); // as an unsafe class would")]
    [InlineData("Inference/Gguf/Some.cs", "#if DEBUG\n#endif")]
    public void SourceFaults_OfAFileThatKeepsThem_HasNone(string path, string text) => Assert.Empty(SourceRules.Faults(path, text));

    private static IReadOnlyList<string> Faults(string name, string items) =>
        ProjectRules.Faults(ProjectFile.Parse(name, $"<Project><ItemGroup>{items}</ItemGroup></Project>"));
}
