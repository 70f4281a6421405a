using Halo.Cli.Hosting;

namespace Halo.Cli.Tests.Hosting;

public sealed class CommandHostTests
{
    [Theory]
    [InlineData("halo", "Required command was not provided")]
    [InlineData("halo eval", "Required command was not provided", "eval")]
    [InlineData("halo generate", "Required argument missing", "generate")]
    [InlineData("halo generate", "goes into quotes", "generate", "Once", "upon")]
    [InlineData("halo generate", "no option '--colour'", "generate", "--colour", "red", "text")]
    [InlineData("halo generate", "no option '--tempature'", "generate", "--tempature")]
    [InlineData("halo bench decode", "no option '--fast'", "bench", "decode", "--fast")]
    [InlineData("halo key", "Required argument missing", "key")]
    [InlineData("halo boards", "no option '--board'", "boards", "--board", "http://10.0.0.12:5100")]
    [InlineData("halo lab pad", "'--out' is required", "lab", "pad")]
    public async Task Run_WrongUsage_PointsToHelp(string path, string said, params string[] args) =>
        (await CommandLine.RunAsync(args)).AssertFault(said, $"'{path} --help'");

    [Theory]
    [InlineData("--help")]
    [InlineData("generate", "--help")]
    [InlineData("eval", "perplexity", "--help")]
    public async Task Run_Help_PrintsItToStdout(params string[] args)
    {
        CommandResult result = await CommandLine.RunAsync(args);
        Assert.Contains("Usage:", result.AssertSuccess(), StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Run_TextAfterDoubleDash_IsNoOption() =>
        (await CommandLine.RunAsync("generate", "--max-tokens", "2", "--boards", "1", "--", "--x")).AssertSuccess();

    [Fact]
    public void OneLine_ControlCharacters_AreWrittenOut() =>
        Assert.Equal("a\\nb\\tc\\u001B[31m é", Printable.OneLine("a\nb\tc\u001b[31m é"));
}
