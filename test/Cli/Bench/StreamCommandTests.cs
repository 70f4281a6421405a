using System.Text.Json;
using Halo.Boards;
using Halo.Cli.Bench;
using Halo.Inference.Model;

namespace Halo.Cli.Tests.Bench;

public sealed class StreamCommandTests
{
    [Fact]
    public async Task RunAsync_ModelThatDoesNotFit_MeasuresEveryWay()
    {
        using TemporaryFolder folder = new();
        using LoadedModel model = LoadedModel.Open("tales", TestPaths.BundledModel, new StepLimits(1, 1, 1));
        long room = 1_500_000;
        StreamSetting setting = new(room, Threads: 1, Tokens: 3, Readers: 2, Share: 0.5, DeadlineMs: 1000, folder.Path);
        long boardBytes = model.Profile.BoardBytes + model.Profile.HeadBoardBytes + Kv(model) + room;
        List<string> said = [];
        List<StreamResult> results = await new StreamBench(model, setting, boardBytes).RunAsync(said.Add, CancellationToken.None);
        Assert.Equal(results.Select(result => result.Way), said);
        Assert.Equal(
            ["overlap", "load, then compute", "overlap, 0.5 of the groups, in their order", "overlap, 0.5 of the groups, predicted", "overlap, deadline 1000 ms"], said);
        Assert.All(results, result =>
        {
            Assert.InRange(result.ResidentBytes + result.RingBytes, 1, room);
            Assert.True(result is { BytesPerToken: > 0, ReadRate: > 0, TokensPerSecond: > 0 });
            Assert.Equal(result.ReadRate / result.BytesPerToken, result.Bound, 1e-6);
            Assert.Equal(result.TokensPerSecond / result.Bound, result.Ratio, 1e-6);
        });
        Assert.All(results[..2], result => Assert.Equal((0, 0), (result.LatePieces, result.LeftOutPieces)));
    }

    [Fact]
    public async Task Stream_ModelThatFits_SaysSo()
    {
        using TemporaryFolder folder = new();
        CommandResult result = await CommandLine.RunAsync("bench", "stream", "--memory-limit", "8G", "--cache", folder.Path);
        result.AssertFault("there is nothing to stream", "--memory-limit");
    }

    [Theory]
    [InlineData("--memory-limit", "lots", "--memory-limit is 'lots'")]
    [InlineData("--readers", "0", "--readers is '0'")]
    [InlineData("--load-share", "0", "--load-share is '0'")]
    [InlineData("--load-deadline-ms", "-1", "--load-deadline-ms is '-1'")]
    public async Task Stream_WrongValue_SaysWhat(string option, string value, string said)
    {
        string[] limit = option == "--memory-limit" ? [] : ["--memory-limit", "1G"];
        (await CommandLine.RunAsync(["bench", "stream", .. limit, option, value])).AssertFault(said);
    }

    // The figure that streaming is judged by, with a model three times the memory. Other load on the device falls on both sides of the ratio.
    [NightlyControlGroupFact]
    public async Task Stream_ModelThreeTimesTheMemory_DecodesAtTheRateOfTheStorage()
    {
        using TemporaryFolder folder = new();
        string model = Path.Combine(folder.Path, "random.gguf");
        (await CommandLine.RunAsync("lab", "random", "--shape", "tinyllama-1.1b", "--type", "q8_0", "--context", "512", "--out", model)).AssertSuccess();
        CommandResult result = await CommandLine.RunAsync(
            "bench", "stream", "--control-group", "--model", model, "--memory-limit", "390M", "--tokens", "12", "--cache", folder.Path, "--json");
        using JsonDocument report = JsonDocument.Parse(result.AssertSuccess());
        Assert.True(report.RootElement.GetProperty("controlGroup").GetBoolean());
        Assert.True(3 * report.RootElement.GetProperty("memoryLimit").GetInt64() <= report.RootElement.GetProperty("modelBytes").GetInt64());
        JsonElement overlap = report.RootElement.GetProperty("results")[0];
        Assert.True(overlap.GetProperty("ratio").GetDouble() >= 0.8, overlap.ToString());
    }

    private static long Kv(LoadedModel model) =>
        model.Profile.KvBytesPerPosition * model.Profile.HeadGroupCount * model.Profile.LayerCount * Halo.Cli.Hosting.ModelSession.KvPositions(1, 7);
}
