using Halo.Silo.Engines;

namespace Halo.Gateway;

/// <summary>A gateway that is to serve silos of other processes.</summary>
public sealed class ClusterStartTests
{
    [Fact]
    public void Build_ClusterWithBoardOptions_NamesEachOfThem()
    {
        StartException fault = Assert.Throws<StartException>(() => Program.Build(
        [
            "--cluster", "members.db", "--boards", "2", "--key-file", "any.key", "--board", "http://a:1", "--model", TestPaths.BundledModel, "--transport", "stream",
            "--kv-positions", "900", "--speed", "1,2", "--Halo:Gateway:RetryInterval", "00:00:01",
        ]));

        foreach (string option in (string[])["Boards", "KeyFile", "BoardUrls", "Models", "Transport", "KvPositions", "Speeds"])
        {
            Assert.Contains($"Halo:{option} is for boards in this process; with --cluster the silos have theirs.", fault.Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("Halo:Gateway", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mysql://halo@10.0.0.1/halo", "begins with mysql://, which is not known")]
    [InlineData("", "The membership store is empty")]
    [InlineData("file:members.db", "write the path of the SQLite file alone")]
    [InlineData("Name=halo;Port=5432", "names neither Data Source nor Host")]
    public void Build_StoreThatCannotBeRead_SaysWhy(string store, string said)
    {
        StartException fault = Assert.Throws<StartException>(() => Program.Build([$"--cluster={store}"]));
        Assert.Contains("Gateway:Cluster cannot be used: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
    }

    [EmbeddedFact]
    public async Task Run_ClusterWithTheEmbeddedEngine_SaysWhatToDoAndExitsWithOne()
    {
        string[] args = ["--cluster", "members.db", "--cluster-id", "two"];
        StartException fault = Assert.Throws<StartException>(() => Program.Build(args));
        Assert.Contains("build it with -p:GrainEngine=Orleans, or leave --cluster out", fault.Message, StringComparison.Ordinal);
        Assert.Equal(1, await GatewayStart.RunAsync(args, () => Program.Build(args)));
        Assert.False(File.Exists("members.db"));
    }
}

/// <summary>A test of what a program says that was built with the embedded grain engine.</summary>
internal sealed class EmbeddedFactAttribute : FactAttribute
{
    public EmbeddedFactAttribute() => Skip = GrainEngine.ClusterFault is null ? "This build has the Orleans engine, which serves clusters." : null;
}
