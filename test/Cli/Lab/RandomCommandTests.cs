using System.Security.Cryptography;
using Halo.Cli.Hosting;
using Halo.Inference.Model;
using Halo.Inference.Quantization;

namespace Halo.Cli.Tests.Lab;

public sealed class RandomCommandTests
{
    private const string Shape = "64,96,3,4,2";

    [Theory]
    [InlineData("q4_0", 1500)]
    [InlineData("Q8_0", 300)]
    public async Task Random_ThenGenerate_Works(string type, int vocabulary)
    {
        using TemporaryFolder folder = new();
        string file = folder.File("random.gguf");
        CommandResult random = await RandomAsync(file, "--type", type, "--vocab", $"{vocabulary}", "--context", "256");
        Assert.Empty(random.AssertSuccess());
        int parameters = (2 * vocabulary * 64) + 64 + (3 * ((2 * 64 * 64) + (2 * 64 * 32) + (3 * 64 * 96) + (2 * 64)));
        Assert.Contains($"{parameters:N0} parameters, {new FileInfo(file).Length:N0} bytes", random.Error, StringComparison.Ordinal);

        using (ModelWeights weights = ModelWeights.Open(file))
        {
            Assert.Equal((vocabulary, 256), (weights.Config.VocabularySize, weights.Config.ContextLength));
            Assert.Equal(Enum.Parse<TensorType>(type, ignoreCase: true), weights.File.RequireTensor("blk.2.ffn_down.weight").Type);
        }

        CommandResult generate = await CommandLine.RunAsync(
            "generate", "--model", file, "--boards", "2", "--temperature", "0", "--max-tokens", "5", "Once upon a time");
        Assert.NotEmpty(generate.AssertSuccess());
    }

    [Fact]
    public async Task Random_SameSeed_GivesTheSameBytes()
    {
        using TemporaryFolder folder = new();
        string[] files = [folder.File("a.gguf"), folder.File("b.gguf"), folder.File("c.gguf")];
        (await RandomAsync(files[0], "--type", "q4_0", "--seed", "7")).AssertSuccess();
        (await RandomAsync(files[1], "--type", "q4_0", "--seed", "7")).AssertSuccess();
        (await RandomAsync(files[2], "--type", "q4_0", "--seed", "8")).AssertSuccess();
        string[] bytes = [.. files.Select(file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))))];
        Assert.Equal(bytes[0], bytes[1]);
        Assert.NotEqual(bytes[0], bytes[2]);
    }

    [Fact]
    public async Task Random_FileExists_NeedsForce()
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("random.gguf", "mine");
        (await RandomAsync(file)).AssertFault("exists", "--force");
        Assert.Equal("mine", await File.ReadAllTextAsync(file));
        (await RandomAsync(file, "--vocab", "300", "--force")).AssertSuccess();
        Assert.True(new FileInfo(file).Length > 100_000);
    }

    [Fact]
    public async Task Random_Cancelled_LeavesNothingBehind()
    {
        using TemporaryFolder folder = new();
        using CancellationTokenSource cancellation = new(TimeSpan.FromMilliseconds(300));
        CommandResult result = await CommandLine.RunAsync(
            ["lab", "random", "--shape", "llama-2-7b", "--type", "f32", "--out", folder.File("random.gguf")], cancellation.Token);
        Assert.Equal(CommandHost.Cancelled, result.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("--vocab is '0'", "--vocab", "0")]
    [InlineData("--context is '2000000'", "--context", "2000000")]
    [InlineData("--seed is '-1'", "--seed", "-1")]
    [InlineData("--type is 'q5'", "--type", "q5")]
    [InlineData("it must be at least 259", "--vocab", "258")]
    public async Task Random_WrongOption_SaysWhat(string said, params string[] options)
    {
        using TemporaryFolder folder = new();
        (await RandomAsync(folder.File("random.gguf"), options)).AssertFault(said);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("tiny", "f32", "Shape 'tiny'")]
    [InlineData("64,96,3,5,2", "f32", "no multiple of the head count 5")]
    [InlineData("48,96,3,4,2", "q4_0", "The hidden size 48 is no multiple of the 32 elements in a Q4_0 block.")]
    public async Task Random_WrongShape_SaysWhat(string shape, string type, string said)
    {
        using TemporaryFolder folder = new();
        (await CommandLine.RunAsync("lab", "random", "--shape", shape, "--type", type, "--output", folder.File("random.gguf"))).AssertFault(said);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static Task<CommandResult> RandomAsync(string file, params string[] options) =>
        CommandLine.RunAsync(["lab", "random", "--shape", Shape, "--out", file, .. options]);
}
