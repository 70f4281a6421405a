using System.Text.Json;

namespace Halo.Cli.Tests.Eval;

/// <summary>Every published type against the reference engine on the same text.</summary>
public sealed class TypePerplexityTests
{
    private const string Text = "text/tinystories-heldout.txt";

    // llama.cpp 3f545becc, context 512, the first 8 windows.
    [SharedTheory("models/halo-tales/halo-tales-F16.gguf", "models/stories260K/stories260K-F32.gguf", Text)]
    [InlineData("halo-tales/halo-tales-F16", 3.9719)]
    [InlineData("halo-tales/halo-tales-Q8_0", 3.9725)]
    [InlineData("halo-tales/halo-tales-Q6_K", 3.9642)]
    [InlineData("halo-tales/halo-tales-Q5_K_M", 3.9698)]
    [InlineData("halo-tales/halo-tales-Q5_1", 3.9729)]
    [InlineData("halo-tales/halo-tales-Q5_0", 3.9769)]
    [InlineData("halo-tales/halo-tales-Q4_K_M", 3.9791)]
    [InlineData("halo-tales/halo-tales-Q4_1", 3.9848)]
    [InlineData("halo-tales/halo-tales-Q4_0", 4.0061)]
    [InlineData("stories260K/stories260K-F32", 3.9781)]
    [InlineData("stories260K/stories260K-F16", 3.9778)]
    [InlineData("stories260K/stories260K-Q8_0mix", 3.9827)]
    [InlineData("stories260K/stories260K-Q4_0mix", 4.3811)]
    public async Task Perplexity_OfEveryType_AgreesWithTheReference(string model, double reference) =>
        await AssertAsync(model, reference, "--chunks", "8");

    [SharedFact("models/halo-tales/halo-tales-Q4_K_M.gguf", Text)]
    public async Task Perplexity_OfAMappedFile_IsThatOfPanels()
    {
        double mapped = await ScoreAsync("halo-tales/halo-tales-Q4_K_M", "--chunks", "2", "--weights", "mapped");
        double repacked = await ScoreAsync("halo-tales/halo-tales-Q4_K_M", "--chunks", "2", "--weights", "repacked");
        Assert.InRange(mapped / repacked, 0.999, 1.001); // other orders of addition
    }

    // One block of the output projection spans all heads: boards keep covering blocks.
    [SharedFact("models/halo-tales/halo-tales-Q4_K_M.gguf", Text)]
    public async Task Perplexity_OfKQuantsOnSeveralBoards_IsThatOfOne()
    {
        double one = await ScoreAsync("halo-tales/halo-tales-Q4_K_M", "--chunks", "2");
        double three = await ScoreAsync("halo-tales/halo-tales-Q4_K_M", "--chunks", "2", "--boards", "3");
        Assert.InRange(three / one, 0.999, 1.001);
    }

    // The whole text, as in the models' own table.
    [Trait("Category", "Nightly")]
    [SharedTheory("models/halo-tales/halo-tales-F16.gguf", Text)]
    [InlineData("F16", 4.5172)]
    [InlineData("Q8_0", 4.5174)]
    [InlineData("Q6_K", 4.5173)]
    [InlineData("Q5_K_M", 4.5201)]
    [InlineData("Q5_1", 4.5251)]
    [InlineData("Q5_0", 4.5244)]
    [InlineData("Q4_K_M", 4.5358)]
    [InlineData("Q4_1", 4.5402)]
    [InlineData("Q4_0", 4.5460)]
    public async Task Perplexity_OfTheWholeText_AgreesWithTheReference(string type, double reference)
    {
        if (Nightly.IsNow)
        {
            await AssertAsync($"halo-tales/halo-tales-{type}", reference);
        }
    }

    private static async Task AssertAsync(string model, double reference, params string[] more) =>
        Assert.InRange(await ScoreAsync(model, more) / reference, 0.995, 1.005);

    private static async Task<double> ScoreAsync(string model, params string[] more)
    {
        CommandResult result = await CommandLine.RunAsync(
        [
            "eval", "perplexity", "--model", TestPaths.Shared($"models/{model}.gguf"), "--text", TestPaths.Shared(Text), "--json", .. more,
        ]);
        using JsonDocument document = JsonDocument.Parse(result.AssertSuccess());
        return document.RootElement.GetProperty("perplexity").GetDouble();
    }
}
