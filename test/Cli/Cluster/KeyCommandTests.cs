using Halo.Boards.Control;

namespace Halo.Cli.Tests.Cluster;

public sealed class KeyCommandTests
{
    [Fact]
    public async Task Key_NewFile_WritesAKeyForItsOwnerAndSaysWhatIsNext()
    {
        using TemporaryFolder folder = new();
        string file = folder.File("cluster.key");

        CommandResult result = await CommandLine.RunAsync("key", file);

        Assert.Empty(result.AssertSuccess());
        Assert.Contains("copy it to every board", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(File.ReadAllText(file).Trim(), result.Error, StringComparison.Ordinal);
        ClusterKey.Read(file, out string? warning);
        Assert.Null(warning);
    }

    [Fact]
    public async Task Key_FileIsThere_LeavesItAsItIs()
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("cluster.key", "the key that boards have");

        (await CommandLine.RunAsync("key", file)).AssertFault("is there already and stays as it is");

        Assert.Equal("the key that boards have", File.ReadAllText(file));
    }

    [Fact]
    public async Task Key_NoSuchFolder_SaysSo()
    {
        using TemporaryFolder folder = new();
        (await CommandLine.RunAsync("key", Path.Combine(folder.Path, "missing", "cluster.key"))).AssertFault("cannot be written");
    }
}
