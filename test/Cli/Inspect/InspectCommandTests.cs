using System.Text.Json;

namespace Halo.Cli.Tests.Inspect;

public sealed class InspectCommandTests
{
    private const string Vocabulary = "models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf";
    private const string Mixed = "models/stories260K/stories260K-Q4_0mix.gguf";

    [SharedFact(Mixed)]
    public async Task Inspect_Model_ListsMetadataTensorsTotalsAndSplits()
    {
        string[] lines = (await CommandLine.RunAsync("inspect", TestPaths.Shared(Mixed), "--boards", "1,4")).AssertSuccess()
            .Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToArray();
        Assert.Contains("llama.embedding_length 64", lines);
        Assert.Contains(lines, line => line.StartsWith("tokenizer.ggml.tokens String[512] {", StringComparison.Ordinal) && line.Length < 100);
        Assert.Contains("blk.0.ffn_down.weight F16 172 x 64 22,016", lines);
        Assert.Contains("Q4_0 31 204,288 114,912", lines);
        Assert.Contains("all 47 260,032 227,808", lines);
        Assert.Contains(lines, line => line.StartsWith("1 b1 (head) ", StringComparison.Ordinal));
        Assert.Equal(4, lines.Count(line => line.StartsWith("4 b", StringComparison.Ordinal)));
    }

    [SharedFact(Mixed)]
    public async Task Inspect_Json_HoldsTheSame()
    {
        using JsonDocument document = JsonDocument.Parse((await CommandLine.RunAsync("inspect", "--json", TestPaths.Shared(Mixed))).AssertSuccess());
        JsonElement root = document.RootElement;
        Assert.Equal(242_208, root.GetProperty("bytes").GetInt64());
        JsonElement metadata = root.GetProperty("metadata");
        Assert.Equal("llama", metadata.GetProperty("general.architecture").GetString());
        Assert.Equal(1e-5, metadata.GetProperty("llama.attention.layer_norm_rms_epsilon").GetDouble(), 1e-9);
        Assert.True(metadata.GetProperty("tokenizer.ggml.add_bos_token").GetBoolean());
        Assert.Equal(512, metadata.GetProperty("tokenizer.ggml.tokens").GetProperty("length").GetInt32());
        Assert.Equal(47, root.GetProperty("tensors").GetArrayLength());
        Assert.Equal(260_032, root.GetProperty("totals").EnumerateArray().Last().GetProperty("parameters").GetInt64());
        Assert.Equal([1, 2, 4, 8], root.GetProperty("splits").EnumerateArray().Select(split => split.GetProperty("boards").GetInt32()));
        Assert.Equal(JsonValueKind.Null, root.GetProperty("splitsMissingBecause").ValueKind);
    }

    [SharedFact(CommandLine.Story)]
    public async Task Inspect_Splits_ShareTheWeightsOut()
    {
        using JsonDocument document = JsonDocument.Parse(
            (await CommandLine.RunAsync("inspect", "--json", "--boards", "1,2,4", TestPaths.Shared(CommandLine.Story))).AssertSuccess());
        JsonElement[] splits = [.. document.RootElement.GetProperty("splits").EnumerateArray()];
        foreach (string part in (string[])["attention", "feedForward", "vocabulary", "kv"])
        {
            long[] sums = [.. splits.Select(split => split.GetProperty("memory").EnumerateArray().Sum(board => board.GetProperty(part).GetInt64()))];
            Assert.All(sums, sum => Assert.Equal(sums[0], sum));
        }

        // By hand: wq and wo 64 x 64, wk and wv 32 x 64, f32, 5 layers; KV 4 heads x (8 channels of a key and, padded to a
        // vector, 16 of a value) x 2 bytes, 5 layers, 16 contexts of 512.
        JsonElement whole = splits[0].GetProperty("memory")[0];
        Assert.Equal(5 * 4 * ((2 * 64 * 64) + (2 * 32 * 64)), whole.GetProperty("attention").GetInt64());
        Assert.Equal(5 * 4 * (8 + 16) * 2 * 16 * 512, whole.GetProperty("kv").GetInt64());
        Assert.Equal("F16", splits[0].GetProperty("kvType").GetString());
    }

    [SharedFact(Vocabulary)]
    public async Task Inspect_VocabularyOnly_SaysWhyThereIsNoSplit()
    {
        string text = (await CommandLine.RunAsync("inspect", TestPaths.Shared(Vocabulary))).AssertSuccess();
        Assert.Contains("String[32000]", text, StringComparison.Ordinal);
        Assert.Contains("the file holds a vocabulary only", text, StringComparison.Ordinal);
        Assert.Contains("Memory of boards: not known", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_TypeThatCannotBeComputed_ListsTensorsAndSaysWhyThereIsNoSplit()
    {
        using TemporaryFolder folder = new();
        string path = UncomputableModel.Write(folder);
        string text = (await CommandLine.RunAsync("inspect", path)).AssertSuccess();
        Assert.Contains("Q8_K", text, StringComparison.Ordinal);
        Assert.Contains("Memory of boards: not known", text, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse((await CommandLine.RunAsync("inspect", "--json", path)).AssertSuccess());
        Assert.Equal(0, document.RootElement.GetProperty("splits").GetArrayLength());
        Assert.Contains("Q8_K", document.RootElement.GetProperty("splitsMissingBecause").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_WrongArguments_SaysWhat()
    {
        using TemporaryFolder folder = new();
        (await CommandLine.RunAsync("inspect", "no-such.gguf")).AssertFault("There is no file 'no-such.gguf'");
        (await CommandLine.RunAsync("inspect", folder.Write("a.gguf", "no model at all"))).AssertFault("is not a GGUF file");
        (await CommandLine.RunAsync("inspect", TestPaths.BundledModel, "--boards", "1,x")).AssertFault("--boards is '1,x'");
    }
}
