using Halo.Inference.Gguf;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Padding;

public sealed class ModelPadderTests
{
    private const string Stories = "models/stories260K/stories260K-F32.gguf";

    [SharedTheory(Stories)]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.F16)]
    [InlineData(TensorType.Q8_0)]
    [InlineData(TensorType.Q4_0)]
    [InlineData(TensorType.BF16)]
    [InlineData(TensorType.Q5_1)]
    [InlineData(TensorType.Q6_K)]
    public void Pad_EveryType_WritesShapesSizesAndMetadata(TensorType type)
    {
        using GgufFile source = GgufFile.Open(TestPaths.Shared(Stories));
        ModelShape target = new(256, 512, 11, 8, 4);
        using TemporaryFile file = new();
        List<double> progress = [];

        ModelPadder.Pad(source, target, type, file.Path, new Recorder(progress));

        using GgufFile padded = GgufFile.Open(file.Path);
        Assert.Equal(target, ModelShape.Of(padded));
        Assert.Equal(2 + (11 * 9), padded.Tensors.Count);
        AssertShape(padded, "token_embd.weight", type, 256, 512);
        AssertShape(padded, "blk.0.attn_q.weight", type, 256, 256);
        AssertShape(padded, "blk.3.attn_k.weight", type, 256, 128);
        AssertShape(padded, "blk.10.ffn_gate.weight", type, 256, 512);
        AssertShape(padded, "blk.10.ffn_down.weight", type, 512, 256);
        AssertShape(padded, "blk.10.ffn_norm.weight", TensorType.F32, 256, 1);
        GgufMetadata metadata = padded.Metadata;
        Assert.Equal(1e-5f * 64 / 256, metadata.RequireSingle("llama.attention.layer_norm_rms_epsilon"), 1e-12f);
        Assert.Equal(32u, metadata.RequireUInt32("llama.rope.dimension_count"));
        Assert.Equal(10_000f, metadata.RequireSingle("llama.rope.freq_base"));
        Assert.Equal(512u, metadata.RequireUInt32("llama.context_length"));
        Assert.Contains("padded", metadata.RequireString("general.name"), StringComparison.Ordinal);
        Assert.Equal(source.Metadata.RequireStringArray("tokenizer.ggml.tokens"), metadata.RequireStringArray("tokenizer.ggml.tokens"));
        Assert.Equal([1, 403, 407, 261, 378], TokenizerFactory.Create(metadata).Encode("Once upon a time", addBos: true));
        Assert.Equal(padded.Tensors.Count, progress.Count);
        Assert.Equal(1, progress[^1]);
        Assert.True(progress.Zip(progress.Skip(1)).All(pair => pair.First < pair.Second));
        Assert.Single(Directory.GetFiles(file.Folder));
    }

    [SharedFact(Stories)]
    public void Pad_ToAMixture_KeepsTheHeadAndSomeLayersBetter()
    {
        using GgufFile source = GgufFile.Open(TestPaths.Shared(Stories));
        using TemporaryFile file = new();
        Assert.True(TypeMix.TryParse("q4_k_m", out TypeMix mix));
        ModelPadder.Pad(source, ModelShape.Parse("256,512,11,8,4"), mix, file.Path);

        using GgufFile padded = GgufFile.Open(file.Path);
        AssertShape(padded, "token_embd.weight", TensorType.Q6_K, 256, 512); // the head as well
        AssertShape(padded, "blk.0.ffn_down.weight", TensorType.Q6_K, 512, 256);
        AssertShape(padded, "blk.1.ffn_down.weight", TensorType.Q4_K, 512, 256);
        AssertShape(padded, "blk.10.attn_v.weight", TensorType.Q6_K, 256, 128);
        AssertShape(padded, "blk.10.attn_k.weight", TensorType.Q4_K, 256, 128);
        Assert.Equal(15u, padded.Metadata.RequireUInt32("general.file_type"));
    }

    [SharedTheory(Stories)]
    [InlineData("256,512,11,8,4")] // wider heads, more layers
    [InlineData("256,344,5,32,4")] // more query heads in a group
    [InlineData("128,172,5,8,8")] // each old group is split among two KV heads
    [InlineData("384,172,7,24,12")] // three copies of which two get a query head, identity layers between
    [InlineData("80,172,5,10,5")] // a KV head left over
    [InlineData("64,172,5,8,4")] // the same shape
    public void Pad_AnyShape_ComputesTheSameLogits(string shape)
    {
        using GgufFile source = GgufFile.Open(TestPaths.Shared(Stories));
        using TemporaryFile file = new();
        ModelPadder.Pad(source, ModelShape.Parse(shape), TensorType.F32, file.Path);
        using GgufFile padded = GgufFile.Open(file.Path);
        int[] tokens = [1, 403, 407, 261, 378];

        double[] expected = PlainLlama.LastLogits(source, tokens);
        double[] actual = PlainLlama.LastLogits(padded, tokens);

        Assert.Equal(432, Array.IndexOf(expected, expected.Max())); // the reference continues with a comma
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-4); // scales are rounded to f32 once more
        }
    }

    [SharedTheory(Stories)]
    [InlineData("32,512,11,8,4", TensorType.F32, "hidden size 32 is smaller than the source's 64")]
    [InlineData("256,128,11,8,4", TensorType.F32, "intermediate size 128 is smaller than the source's 172")]
    [InlineData("256,512,4,8,4", TensorType.F32, "layer count 4 is smaller than the source's 5")]
    [InlineData("256,512,11,4,4", TensorType.F32, "head count 4 is smaller than the source's 8")]
    [InlineData("256,512,11,8,2", TensorType.F32, "KV head count 2 is smaller than the source's 4")]
    [InlineData("256,180,11,8,4", TensorType.Q8_0, "intermediate size 180 is no multiple of the 32 elements in a Q8_0 block")]
    [InlineData("80,192,11,10,5", TensorType.Q4_0, "hidden size 80 is no multiple of the 32 elements in a Q4_0 block")]
    [InlineData("96,172,5,8,4", TensorType.F32, "head size 12 is no multiple of the source's 8")]
    [InlineData("64,172,5,8,8", TensorType.Q2_K, "not in Q2_K")]
    [InlineData("64,192,5,8,8", TensorType.Q6_K, "hidden size 64 is no multiple of the 256 elements in a Q6_K block")]
    [InlineData("112,172,5,14,7", TensorType.Q8_0, "hidden size 112 is no multiple")]
    [InlineData("56,172,5,7,7", TensorType.F32, "1 KV heads with 1 query heads each cannot take the source's 2")]
    public void Pad_ImpossibleTarget_NamesTheNumbersAndWritesNothing(string shape, TensorType type, string expected)
    {
        using GgufFile source = GgufFile.Open(TestPaths.Shared(Stories));
        using TemporaryFile file = new();

        ArgumentException error = Assert.Throws<ArgumentException>(() => ModelPadder.Pad(source, ModelShape.Parse(shape), type, file.Path));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(file.Folder));
    }

    [Fact]
    public void Pad_Cancelled_LeavesNothing()
    {
        using GgufFile source = GgufFile.Open(TestPaths.BundledModel);
        using TemporaryFile file = new();
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();

        Assert.Throws<OperationCanceledException>(
            () => ModelPadder.Pad(source, ModelShape.Parse("512,1024,6,8,4"), TensorType.Q8_0, file.Path, null, cancelled.Token));
        Assert.Empty(Directory.GetFiles(file.Folder));
    }

    [Fact]
    public void Pad_QuantisedSource_IsRead()
    {
        using GgufFile source = GgufFile.Open(TestPaths.BundledModel);
        using TemporaryFile file = new();

        ModelPadder.Pad(source, ModelShape.Parse("512,1024,6,8,4"), TensorType.Q8_0, file.Path);

        using GgufFile padded = GgufFile.Open(file.Path);
        AssertShape(padded, "blk.5.attn_v.weight", TensorType.Q8_0, 512, 256);
    }

    [SharedTheory("models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf")]
    [InlineData("models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf", "'token_embd.weight' is missing", "llama-2-7b")]
    public void Pad_SourceThatCannotBeRead_IsRefused(string path, string expected, string shape)
    {
        using GgufFile source = GgufFile.Open(TestPaths.Shared(path));
        using TemporaryFile file = new();

        Exception error = Assert.ThrowsAny<Exception>(() => ModelPadder.Pad(source, ModelShape.Parse(shape), TensorType.F16, file.Path));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(file.Folder));
    }

    private static void AssertShape(GgufFile file, string name, TensorType type, long columns, long rows)
    {
        GgufTensorInfo info = file.RequireTensor(name);
        Assert.Equal((type, columns, rows), (info.Type, info.Columns, info.Rows));
        Assert.Equal(rows * TensorTypes.RowBytes(type, columns), info.ByteCount);
    }

    private sealed class Recorder(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }
}
