using System.Text.Json;

namespace Halo.Cli.Tests.Eval;

/// <summary>Quality as if links between boards lost what is sent over them, on the bundled model.</summary>
public sealed class SimulatedLossTests : IDisposable
{
    private const string Exact = "models/halo-tales/halo-tales-F32.gguf";
    private const string Story = "Once upon a time there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big dog.\n";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Loss_Relaxed_CostsQualityAndTheSameSeedCostsTheSame()
    {
        string[] lossy = ["--policy", "relaxed", "--loss", "30", "--critical-stages", "none"];
        double ratio = await RatioAsync([.. lossy, "--seed", "4"]);
        Assert.True(Math.Abs(ratio - 1) > 1e-3, $"Three of ten sums less made a ratio of {ratio}.");
        Assert.Equal(ratio, await RatioAsync([.. lossy, "--seed", "4"]), 1e-12);
        Assert.NotEqual(ratio, await RatioAsync([.. lossy, "--seed", "5"]), 1e-6);
    }

    // In f32 throughout: what rounds to the other side under another order of additions would be taken for a loss.
    [SharedTheory(Exact)]
    [InlineData("--copies", "8")]
    [InlineData("--bad-boards", "0")]
    public async Task Loss_WhatComesInTheEnd_CostsNothing(string option, string value) =>
        Assert.Equal(1, await ExactRatioAsync("--policy", "relaxed", "--loss", "5", "--wire", "f32", option, value), 1e-5);

    [SharedFact(Exact)]
    public async Task Loss_AllStagesCritical_CostsNothing() =>
        Assert.Equal(1, await ExactRatioAsync("--policy", "relaxed", "--loss", "50", "--wire", "f32", "--critical-stages", string.Join(',', Enumerable.Range(0, 12))), 1e-5);

    [Fact]
    public async Task Loss_LateSums_CostLessThanLostOnes()
    {
        string[] lossy = ["--policy", "relaxed", "--burst-ms", "30", "--bad-share", "40"];
        Assert.True(await RatioAsync([.. lossy, "--late", "100"]) < await RatioAsync(lossy));
    }

    [Fact]
    public async Task Loss_Protected_IsNotComparedAsNothingIsMissing()
    {
        JsonElement report = await ReportAsync("--policy", "protected", "--loss", "20");
        Assert.False(report.TryGetProperty("lossFree", out _));
    }

    [Theory]
    [InlineData("--fill mean", "--importance")]
    [InlineData("--fill low-rank", "--importance")]
    [InlineData("--loss 5 --board http://127.0.0.1:1 --key-file none", "leave --board out")]
    [InlineData("--loss 101", "--loss")]
    [InlineData("--critical-stages 0,-1", "--critical-stages")]
    [InlineData("--importance none.halo", "none.halo")]
    public async Task Loss_WhatDoesNotGoTogether_IsSaid(string options, string said)
    {
        string text = _folder.Write("text.txt", Story);
        (await CommandLine.RunAsync(["eval", "perplexity", "--model", TestPaths.BundledModel, "--text", text, .. options.Split(' ')])).AssertFault(said);
    }

    public void Dispose() => _folder.Dispose();

    private Task<double> ExactRatioAsync(params string[] options) => RatioOfAsync(TestPaths.Shared(Exact), [.. options, "--kv-type", "f32"]);

    private Task<double> RatioAsync(params string[] options) => RatioOfAsync(TestPaths.BundledModel, options);

    private async Task<double> RatioOfAsync(string model, string[] options) =>
        (await ReportOfAsync(model, options)).GetProperty("lossFree").GetProperty("ratio").GetDouble();

    private Task<JsonElement> ReportAsync(params string[] options) => ReportOfAsync(TestPaths.BundledModel, options);

    private async Task<JsonElement> ReportOfAsync(string model, string[] options)
    {
        string text = _folder.Write("text.txt", Story);
        CommandResult result = await CommandLine.RunAsync(
            ["eval", "perplexity", "--model", model, "--text", text, "--protocol", "stories", "--boards", "4", "--threads", "1", "--json", .. options]);
        return JsonDocument.Parse(result.AssertSuccess()).RootElement;
    }
}
