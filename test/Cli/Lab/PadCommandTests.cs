using Halo.Cli.Hosting;

namespace Halo.Cli.Tests.Lab;

public sealed class PadCommandTests
{
    // 128 x 512 + 128 for embedding and last norm; 7 layers of 2 (128 x 128) + 2 (128 x 64) + 3 (128 x 352) + 2 x 128.
    // The second shape has more KV heads than the model: the added ones are empty.
    [SharedTheory(CommandLine.Story, CommandLine.StoryReference)]
    [InlineData("128,352,7,8,4", 1_357_696)]
    [InlineData("128,352,7,16,8", 1_357_696)]
    public async Task Pad_ThenGenerate_GivesReferenceText(string shape, long parameters)
    {
        using TemporaryFolder folder = new();
        string padded = folder.File("padded.gguf");
        CommandResult pad = await CommandLine.RunAsync(
            "lab", "pad", "--model", TestPaths.Shared(CommandLine.Story), "--shape", shape, "--type", "f32", "--out", padded);
        Assert.Empty(pad.AssertSuccess());
        Assert.Contains($"{parameters:N0} parameters, {new FileInfo(padded).Length:N0} bytes", pad.Error, StringComparison.Ordinal);
        Assert.InRange(new FileInfo(padded).Length, parameters * 4, (parameters * 4) + 100_000);

        CommandResult generate = await CommandLine.RunAsync("generate", "--model", padded, "--temperature", "0", "--max-tokens", "60", ReferenceText.Prompt);
        string text = generate.AssertSuccess()[..^Environment.NewLine.Length];
        Assert.StartsWith(text, ReferenceText.Of("stories260K-F32.gguf"), StringComparison.Ordinal);
        Assert.True(text.Length > 100, text);
        Assert.Contains("60 tokens after", generate.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pad_FileExists_NeedsForce()
    {
        using TemporaryFolder folder = new();
        string output = folder.Write("padded.gguf", "mine");
        string[] args = ["lab", "pad", "--model", TestPaths.BundledModel, "--shape", "512,1536,6,16,8", "--type", "q4_0", "--out", output];
        (await CommandLine.RunAsync(args)).AssertFault("exists", "--force");
        Assert.Equal("mine", await File.ReadAllTextAsync(output));
        (await CommandLine.RunAsync([.. args, "--force"])).AssertSuccess();
        Assert.True(new FileInfo(output).Length > 1_000_000);
    }

    [Fact]
    public async Task Pad_Cancelled_LeavesNothingBehind()
    {
        using TemporaryFolder folder = new();
        using CancellationTokenSource cancellation = new(TimeSpan.FromMilliseconds(300));
        CommandResult result = await CommandLine.RunAsync(
            ["lab", "pad", "--model", TestPaths.BundledModel, "--shape", "llama-2-7b", "--type", "f32", "--out", folder.File("padded.gguf")], cancellation.Token);
        Assert.Equal(CommandHost.Cancelled, result.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Pad_WrongArguments_SaysWhat()
    {
        using TemporaryFolder folder = new();
        string output = folder.File("padded.gguf");
        (await PadAsync(TestPaths.BundledModel, "tiny", output)).AssertFault("Shape 'tiny'", "tinyllama-1.1b");
        (await PadAsync(TestPaths.BundledModel, "128,352,7,8,4", output)).AssertFault("cannot be padded", "256");
        (await PadAsync("none.gguf", "tinyllama-1.1b", output)).AssertFault("There is no file 'none.gguf'");
        (await PadAsync(TestPaths.BundledModel, "512,1536,6,16,8", folder.Path)).AssertFault("is a directory");
        (await PadAsync(TestPaths.BundledModel, "512,1536,6,16,8", TestPaths.BundledModel)).AssertFault("is the model itself");
        (await PadAsync(TestPaths.BundledModel, "512,1536,6,16,8", folder.File("none/padded.gguf"))).AssertFault("there is no folder");
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static Task<CommandResult> PadAsync(string model, string shape, string output) =>
        CommandLine.RunAsync("lab", "pad", "--model", model, "--shape", shape, "--type", "f32", "--out", output);
}
