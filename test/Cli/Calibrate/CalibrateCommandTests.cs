using System.Security.Cryptography;
using System.Text.Json;
using Halo.Cli.Hosting;
using Halo.Planning.Importance;

namespace Halo.Cli.Tests.Calibrate;

public sealed class CalibrateCommandTests : IDisposable
{
    private static readonly string s_story = TestPaths.Shared(CommandLine.Story);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Calibrate_OfTheBundledModel_WritesItsImportance()
    {
        using JsonDocument report = JsonDocument.Parse((await RunAsync(TestPaths.BundledModel, "--json", "--tokens", "60")).AssertSuccess());
        ModelImportance importance = Read("out.halo");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(TestPaths.BundledModel))), importance.ModelHash);
        Assert.Equal((256, 12), (importance.HiddenSize, importance.Stages.Count));
        Assert.All(importance.Stages, (stage, i) =>
        {
            Assert.Equal(i % 2 == 0 ? 4 : 24, stage.GroupCount);
            Assert.Equal((stage.GroupCount, i % 2 == 1), (stage.Predictor!.GroupCount, stage.EarlyPredictor is not null));
            Assert.Equal(stage.GroupCount * 256, stage.MeanParts.Length);
            Assert.All(stage.Mean, mean => Assert.InRange(mean, 1e-4f, 3));
        });
        JsonElement stages = report.RootElement.GetProperty("stages");
        Assert.Equal(12, stages.GetArrayLength());
        foreach (JsonElement stage in stages.EnumerateArray())
        {
            JsonElement mass = stage.GetProperty("mass");
            double oracle = mass.GetProperty("oracle").GetDouble();
            Assert.InRange(oracle, 0.5, 1);
            Assert.All(
                ["static", "early", "same", "cats", "teal"],
                name => Assert.True(mass.GetProperty(name).ValueKind == JsonValueKind.Null || mass.GetProperty(name).GetDouble() <= oracle + 1e-9, name));
            Assert.InRange(stage.GetProperty("criticalShare").GetDouble(), 0.5, 1);
            Assert.InRange(stage.GetProperty("recall").GetProperty("oracle").GetDouble(), 0.9999, 1);
        }

        Assert.InRange(report.RootElement.GetProperty("predictorShare").GetDouble(), 1e-4, 10);
        Assert.Equal(["out.halo", "text.txt"], Files());
    }

    [SharedFact(CommandLine.Story)]
    public async Task Calibrate_WithoutJson_PrintsTables()
    {
        string output = (await RunAsync(s_story, "--tokens", "150", "--rank", "2", "--surrogates", "3")).AssertSuccess();
        Assert.Contains("mass of the top half", output, StringComparison.Ordinal);
        Assert.Contains("4 feed-forward", output, StringComparison.Ordinal);
        Assert.Contains("predictors' share", output, StringComparison.Ordinal);
        StageImportance stage = Read("out.halo").Stages[1];
        Assert.Equal((2, 2), (stage.Predictor!.Rank, stage.EarlyPredictor!.Rank));
        Assert.Equal((6, 3), (stage.Surrogates.Count, stage.Surrogates[0].Rank));
    }

    [SharedFact(CommandLine.Story)]
    public async Task Calibrate_SameSeed_GivesTheSameFileOnAnyThreads()
    {
        byte[] first = await FileOf("--seed", "5", "--threads", "1");
        Assert.Equal(first, await FileOf("--seed", "5", "--force"));
        Assert.NotEqual(first, await FileOf("--seed", "6", "--force"));
    }

    [SharedFact(CommandLine.Story)]
    public async Task Calibrate_WithRegroup_WritesAModelThatSaysTheSame()
    {
        string target = _folder.File("new.gguf");
        using JsonDocument report = JsonDocument.Parse((await RunAsync(s_story, "--json", "--regroup", target, "--tokens", "200")).AssertSuccess());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(target))), Read("out.halo").ModelHash);
        Assert.Equal(10, report.RootElement.GetProperty("regrouped").GetArrayLength());
        string text = (await CommandLine.RunAsync("generate", "--model", target, "--temperature", "0", "--max-tokens", "60", ReferenceText.Prompt))
            .AssertSuccess()[..^Environment.NewLine.Length];
        Assert.StartsWith(text, ReferenceText.Of("stories260K-F32.gguf"), StringComparison.Ordinal);
        Assert.True(text.Length > 100, text);
    }

    [Fact]
    public async Task Calibrate_WrongArguments_SaysWhat()
    {
        (await RunAsync("none.gguf")).AssertFault("There is no file 'none.gguf'");
        (await RunAsync(TestPaths.BundledModel, "--tokens", "1")).AssertFault("--tokens is '1'");
        (await RunAsync(TestPaths.BundledModel, "--held-out", "1")).AssertFault("--held-out is '1'");
        (await RunAsync(TestPaths.BundledModel, "--requantize", "q8_0")).AssertFault("--regroup");
        (await RunAsync(TestPaths.BundledModel, "--regroup", _folder.File("out.halo"))).AssertFault("two files");
        (await RunAsync(TestPaths.BundledModel, "--regroup", TestPaths.BundledModel, "--force")).AssertFault("--regroup", "is the model itself");
        (await RunAsync(TestPaths.BundledModel, "--regroup", _folder.File("r.gguf"), "--requantize", "q4_0")).AssertFault("quantised already");
        _folder.Write("text.txt", "One story only.");
        (await RunAsync(TestPaths.BundledModel)).AssertFault("too short");
        _folder.Write("out.halo", "mine");
        (await RunAsync(TestPaths.BundledModel)).AssertFault("exists", "--force");
        Assert.Equal(["out.halo", "text.txt"], Files());
    }

    [SharedFact(CommandLine.Story)]
    public async Task Calibrate_Cancelled_LeavesNoOutput()
    {
        using CancellationTokenSource cancellation = new();
        await cancellation.CancelAsync();
        Assert.Equal(CommandHost.Cancelled, (await CommandLine.RunAsync(Arguments(s_story), cancellation.Token)).ExitCode);
        Assert.Equal(["text.txt"], Files());
    }

    private async Task<byte[]> FileOf(params string[] args)
    {
        (await RunAsync(s_story, [.. args, "--tokens", "100"])).AssertSuccess();
        return await File.ReadAllBytesAsync(_folder.File("out.halo"));
    }

    private Task<CommandResult> RunAsync(string model, params string[] more) => CommandLine.RunAsync(Arguments(model, more));

    private string[] Arguments(string model, params string[] more)
    {
        string text = _folder.File("text.txt");
        if (!File.Exists(text))
        {
            _folder.Write("text.txt", MadeText.Stories(20, seed: 1));
        }

        return ["calibrate", "--model", model, "--text", text, "--out", _folder.File("out.halo"), "--held-out-tokens", "20", .. more];
    }

    private ModelImportance Read(string name)
    {
        using FileStream file = File.OpenRead(_folder.File(name));
        return ImportanceFile.Read(file);
    }

    private string[] Files() => [.. Directory.GetFiles(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
