using System.Text.Json;

namespace Halo.Cli.Tests.Eval;

public sealed class ChoicesCommandTests
{
    private const string Pairs = "Once upon a time, there was a little girl.\tUpon once time a, was there girl little a.\n"
        + "The dog was very happy.\tThe dog were very happy.\n"
        + "Was dog the to happy.\tThe dog was happy to.\n";

    private const string MorePairs = "She went to the park with her mom.\tShe went to park the with mom her.\r\n";

    [Fact]
    public async Task Choices_TwoFiles_CountsEachAndAll()
    {
        using TemporaryFolder folder = new();
        JsonElement report = await ScoreAsync("--pairs", folder.Write("a.tsv", Pairs), folder.Write("b.tsv", MorePairs));
        AssertScore(report.GetProperty("files")[0], 3, 2);
        AssertScore(report.GetProperty("files")[1], 1, 1);
        AssertScore(report, 4, 3);
        Assert.Equal(folder.File("b.tsv"), report.GetProperty("files")[1].GetProperty("file").GetString());
        Assert.Equal(TestPaths.BundledModel, report.GetProperty("model").GetString());
        Assert.Equal(4, report.GetProperty("inFlight").GetInt32());
        Assert.True(report.GetProperty("tokens").GetInt64() > 40);
        Assert.True(report.GetProperty("seconds").GetDouble() > 0);
    }

    [Fact]
    public async Task Choices_BoardsAndSequencesInFlight_DoNotChangeIt()
    {
        using TemporaryFolder folder = new();
        JsonElement report = await ScoreAsync("--pairs", folder.Write("a.tsv", Pairs), "--boards", "3", "--in-flight", "1");
        AssertScore(report, 3, 2);
        Assert.Equal(3, report.GetProperty("boards").GetInt32());
        Assert.Equal(1, report.GetProperty("inFlight").GetInt32());
    }

    [Fact]
    public async Task Choices_Limit_TakesTheFirstOfEachFile()
    {
        using TemporaryFolder folder = new();
        JsonElement report = await ScoreAsync("--limit", "2", "--pairs", folder.Write("a.tsv", Pairs), "--pairs", folder.Write("b.tsv", MorePairs));
        AssertScore(report.GetProperty("files")[0], 2, 2);
        AssertScore(report.GetProperty("files")[1], 1, 1);
    }

    // Over all 1,000 pairs of a file another engine's figures are reproduced: 95.6 and 64.3 %. The first hundred give our own, kept so that a change is seen.
    [SharedFact(CommandLine.Story, Binding, Agreement)]
    public async Task Choices_Blimp_GivesPinnedAccuracies()
    {
        CommandResult result = await CommandLine.RunAsync(
            "eval", "choices", "--json", "--kv-type", "f32", "--limit", "100", "--model", TestPaths.Shared(CommandLine.Story),
            "--pairs", TestPaths.Shared(Binding), TestPaths.Shared(Agreement));
        JsonElement report = JsonDocument.Parse(result.AssertSuccess()).RootElement;
        AssertScore(report.GetProperty("files")[0], 100, BindingRight);
        AssertScore(report.GetProperty("files")[1], 100, AgreementRight);
    }

    [Fact]
    public async Task Choices_WithoutJson_PrintsARowForEachFile()
    {
        using TemporaryFolder folder = new();
        string[] lines = (await ChooseAsync("--pairs", folder.Write("a.tsv", Pairs), folder.Write("b.tsv", MorePairs)))
            .AssertSuccess().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["a.tsv", "3", "0.6667", "0.2722"], Cells(lines[1]));
        Assert.Equal(["b.tsv", "1", "1.0000", "0.0000"], Cells(lines[2]));
        Assert.Equal(["all", "4", "0.7500", "0.2165"], Cells(lines[3]));
    }

    [Theory]
    [InlineData("good.\tbad.\n\ngood.\tbad.\n", "line 2 is empty")]
    [InlineData("good.\tbad.\n\n", "line 2 is empty")]
    [InlineData("good.\tbad.\nno tab here\n", "line 2 has no tab")]
    [InlineData("a.\tb.\tc.\n", "line 1 has 2 tabs")]
    [InlineData("good.\t \n", "line 1 lacks a sentence")]
    [InlineData("good.\tbad.\nsame.\tsame.", "line 2 has the same sentence twice")]
    [InlineData("", "is empty")]
    public async Task Choices_LineThatIsNoPair_NamesFileAndLine(string text, string said)
    {
        using TemporaryFolder folder = new();
        (await ChooseAsync("--limit", "1", "--pairs", folder.Write("fine.tsv", MorePairs), folder.Write("pairs.tsv", text)))
            .AssertFault(folder.File("pairs.tsv"), said, "a good sentence, a tab and a bad one");
    }

    [Fact]
    public async Task Choices_SentenceTooLong_NamesFileAndLine()
    {
        using TemporaryFolder folder = new();
        string sentence = string.Concat(Enumerable.Repeat("one two ", 400));
        (await ChooseAsync("--pairs", folder.Write("long.tsv", $"{MorePairs}{sentence}\t{sentence}three\n")))
            .AssertFault(folder.File("long.tsv"), "line 2 has a sentence of", "the longest that can be scored has 512");
    }

    [Fact]
    public async Task Choices_WrongValue_SaysWhat()
    {
        using TemporaryFolder folder = new();
        string pairs = folder.Write("a.tsv", Pairs);
        (await ChooseAsync("--pairs", folder.File("none.tsv"))).AssertFault("There is no file", "--pairs");
        (await ChooseAsync("--pairs", TestPaths.BundledModel)).AssertFault("is no text in UTF-8");
        (await ChooseAsync("--pairs", pairs, "--limit", "0")).AssertFault("--limit is '0'");
        (await ChooseAsync("--pairs", pairs, "--in-flight", "0")).AssertFault("--in-flight is '0'");
        (await ChooseAsync()).AssertFault("'--pairs' is required");
    }

    private const string Binding = "text/blimp/principle_A_domain_1.tsv";
    private const string Agreement = "text/blimp/regular_plural_subject_verb_agreement_1.tsv";
    private const int BindingRight = 92;
    private const int AgreementRight = 61;

    private static string[] Cells(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static void AssertScore(JsonElement score, int pairs, int right)
    {
        double accuracy = right / (double)pairs;
        Assert.Equal(pairs, score.GetProperty("pairs").GetInt32());
        Assert.Equal(right, score.GetProperty("right").GetInt32());
        Assert.Equal(accuracy, score.GetProperty("accuracy").GetDouble(), 1e-12);
        Assert.Equal(Math.Sqrt(accuracy * (1 - accuracy) / pairs), score.GetProperty("standardError").GetDouble(), 1e-12);
    }

    private static async Task<JsonElement> ScoreAsync(params string[] args) =>
        JsonDocument.Parse((await ChooseAsync([.. args, "--json"])).AssertSuccess()).RootElement;

    private static Task<CommandResult> ChooseAsync(params string[] args) =>
        CommandLine.RunAsync(["eval", "choices", "--model", TestPaths.BundledModel, .. args]);
}
