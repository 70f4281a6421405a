using Halo.Boards.Control;

namespace Halo.Cli.Tests.Hosting;

/// <summary>What users see where boards in other processes were named and something is wrong.</summary>
public sealed class NetworkChoicesTests
{
    private const string NobodyThere = "http://127.0.0.1:1"; // Nothing listens on port 1.

    [Theory]
    [InlineData("generate", "Hi")]
    [InlineData("bench", "decode")]
    public async Task Run_BoardsThatDoNotAnswer_NamesEachWithItsReason(params string[] verb)
    {
        using TemporaryFolder folder = new();
        string key = folder.File("cluster.key");
        ClusterKey.WriteNew(key);

        CommandResult result = await CommandLine.RunAsync([.. verb, "--board", NobodyThere, "--board", "http://127.0.0.1:2", "--key-file", key]);

        result.AssertFault("Not in service", "http://127.0.0.1:1: the board cannot be reached", "http://127.0.0.1:2: the board cannot be reached");
    }

    [Theory]
    [InlineData("need the cluster's key", "--board", NobodyThere)]
    [InlineData("name each with --board", "--key-file", "any.key")]
    [InlineData("There is no key file missing.key", "--board", NobodyThere, "--key-file", "missing.key")]
    [InlineData("'10.0.0.12' is no address of a board", "--board", "10.0.0.12", "--key-file", "any.key")]
    [InlineData("this process carries 1", "--board", NobodyThere, "--key-file", "any.key", "--boards", "2")]
    [InlineData("2 numbers above 0", "--board", NobodyThere, "--key-file", "any.key", "--speed", "1,2,3")]
    [InlineData("--head-holds-shards is 'perhaps'; it must be true or false", "--head-holds-shards", "perhaps")]
    [InlineData("--wire is 'f64'", "--wire", "f64")]
    [InlineData("--udp-port is '65536'; it must be a whole number from 0 to 65535", "--udp-port", "65536")]
    public async Task Generate_WrongValue_SaysWhatIsNeeded(string said, params string[] args) =>
        (await CommandLine.RunAsync(["generate", "Hi", .. args])).AssertFault(said);

    [Fact]
    public async Task Generate_KeyFileOpenToOthers_Warns()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // No such permissions there.
        }

        using TemporaryFolder folder = new();
        string key = folder.Write("cluster.key", ClusterKey.Generate());
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        CommandResult result = await CommandLine.RunAsync("generate", "Hi", "--board", NobodyThere, "--key-file", key);

        Assert.Contains("chmod 600", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decode_NumbersOfBoardsToo_AreRefused() =>
        (await CommandLine.RunAsync("bench", "decode", "--boards", "1,2", "--board", NobodyThere, "--key-file", "any.key")).AssertFault("exclude each other");
}
