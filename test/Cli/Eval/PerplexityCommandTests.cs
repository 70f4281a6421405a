using System.Text.Json;

namespace Halo.Cli.Tests.Eval;

public sealed class PerplexityCommandTests
{
    // llama.cpp, same file, text, context and windows: 4.693.
    [SharedFact(CommandLine.Story, CommandLine.ValidStories)]
    public async Task Windows_HundredChunks_AgreesWithLlamaCpp()
    {
        JsonElement report = await ScoreAsync("--chunks", "100", "--boards", "1");
        Assert.Equal(4.693, report.GetProperty("perplexity").GetDouble(), 0.01);
        Assert.Equal(0.055, report.GetProperty("standardError").GetDouble(), 0.001);
        Assert.Equal(100 * 255, report.GetProperty("tokens").GetInt64());
        Assert.Equal("windows", report.GetProperty("protocol").GetString());
        Assert.Equal(512, report.GetProperty("context").GetInt32());
        Assert.Equal(TestPaths.Shared(CommandLine.Story), report.GetProperty("model").GetString());
        Assert.True(report.GetProperty("seconds").GetDouble() > 0);
    }

    [SharedFact(CommandLine.Story, CommandLine.ValidStories)]
    public async Task Windows_FewChunks_DoesNotDependOnBoards()
    {
        JsonElement whole = await ScoreAsync("--chunks", "3", "--context", "128", "--boards", "1");
        JsonElement split = await ScoreAsync("--chunks", "3", "--context", "128", "--boards", "3");
        Assert.Equal(3 * 63, whole.GetProperty("tokens").GetInt64());
        Assert.Equal(WindowsPinned, whole.GetProperty("perplexity").GetDouble(), 1e-3);
        Assert.Equal(whole.GetProperty("nll").GetDouble(), split.GetProperty("nll").GetDouble(), 1e-5); // Only the order of sums differs.
        Assert.Equal(3, split.GetProperty("boards").GetInt32());
    }

    // Our own figure, kept so that a change is seen; the hundred chunks above tie the protocol to llama.cpp's.
    private const double WindowsPinned = 4.93113;

    // Our own figure, as above. The first 300 stories give the 3.9170 of the reference engine (a minute on a small board).
    [SharedFact(CommandLine.Story, CommandLine.ValidStories)]
    public async Task Stories_First20_GivesPinnedValue()
    {
        JsonElement report = await ScoreAsync("--protocol", "stories", "--chunks", "20");
        Assert.Equal("stories", report.GetProperty("protocol").GetString());
        Assert.Equal(20, report.GetProperty("chunks").GetInt32());
        Assert.Equal(7_582, report.GetProperty("tokens").GetInt64());
        Assert.Equal(4.8686, report.GetProperty("perplexity").GetDouble(), 1e-3);
    }

    [Fact]
    public async Task Perplexity_WithoutJson_PrintsATableAndNotesMissingChunks()
    {
        using TemporaryFolder folder = new();
        string text = folder.Write("text.txt", "Once there was a cat.\r\n\r\n \r\n\r\nThere was a dog.\n");
        CommandResult result = await CommandLine.RunAsync(
            "eval", "perplexity", "--model", TestPaths.BundledModel, "--text", text, "--protocol", "stories", "--chunks", "5");
        string[] lines = result.AssertSuccess().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, line => line.StartsWith("perplexity ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("chunks (stories) ", StringComparison.Ordinal) && line.TrimEnd().EndsWith(" 2", StringComparison.Ordinal));
        Assert.Contains("The text has 2 chunks of the 5 asked for", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Perplexity_TextTooShort_GivesBothNumbers()
    {
        using TemporaryFolder folder = new();
        (await Refused(folder, "Too short.")).AssertFault("tokens; one window needs 512");
        (await Refused(folder, "")).AssertFault("one window needs 512");
        (await Refused(folder, " \n\n \n", "--protocol", "stories")).AssertFault("has no stories");
    }

    [Fact]
    public async Task Perplexity_WrongValue_SaysWhat()
    {
        using TemporaryFolder folder = new();
        (await Refused(folder, "text", "--context", "1024")).AssertFault("--context is 1024", "context of 512 tokens");
        (await Refused(folder, "text", "--context", "2")).AssertFault("--context is '2'");
        (await Refused(folder, "text", "--chunks", "0")).AssertFault("--chunks is '0'");
        (await Refused(folder, "text", "--protocol", "tales")).AssertFault("one of windows|stories");
        (await CommandLine.RunAsync("eval", "perplexity", "--model", TestPaths.BundledModel, "--text", folder.File("none.txt"))).AssertFault("There is no file", "--text");
        (await CommandLine.RunAsync("eval", "perplexity", "--text", folder.Write("t.txt", "text"))).AssertFault("'--model' is required");
        (await CommandLine.RunAsync("eval", "perplexity", "--model", TestPaths.BundledModel, "--text", TestPaths.BundledModel)).AssertFault("is no text in UTF-8");
    }

    private static Task<CommandResult> Refused(TemporaryFolder folder, string text, params string[] args) =>
        CommandLine.RunAsync(["eval", "perplexity", "--model", TestPaths.BundledModel, "--text", folder.Write("text.txt", text), .. args]);

    private static async Task<JsonElement> ScoreAsync(params string[] args)
    {
        CommandResult result = await CommandLine.RunAsync(
            ["eval", "perplexity", "--json", "--model", TestPaths.Shared(CommandLine.Story), "--text", TestPaths.Shared(CommandLine.ValidStories), .. args]);
        return JsonDocument.Parse(result.AssertSuccess()).RootElement;
    }
}
