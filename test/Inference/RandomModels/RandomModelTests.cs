using Halo.Inference.Gguf;
using Halo.Inference.Padding;
using Halo.Inference.Quantization;
using Halo.Inference.RandomModels;
using Halo.Inference.Tests.Model;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.RandomModels;

public sealed class RandomModelTests
{
    private static readonly RandomModelOptions s_options = new(ModelShape.Parse("64,96,24,4,2"), 1500, 256, TensorType.Q4_0, Seed: 1);

    public static TheoryData<string> Types() => [.. TypeMix.All.Select(type => type.ToString())];

    [Theory]
    [MemberData(nameof(Types))]
    public void Write_ManyLayers_GivesLogitsOfTheOrderOfOne(string type)
    {
        using TemporaryFile file = Written(s_options with { Shape = ModelShape.Parse("256,512,16,4,2"), Type = Type(type) });
        using OpenModel model = new(file.Path);
        List<float[]> logits = model.Append(1, 0, model.Tokens(40, seed: 2), chunk: 8);
        Assert.All(logits, row => Assert.InRange(Deviation(row), 0.7, 1.4));
        int different = logits.Select(row => Array.IndexOf(row, row.Max())).Distinct().Count();
        Assert.True(different > 20, $"40 tokens lead to {different} different ones: the layers drown them.");
    }

    [Fact]
    public void Write_Weights_AreNearlyNormal()
    {
        using TemporaryFile file = Written(s_options with { Type = TensorType.F32 });
        using GgufFile written = GgufFile.Open(file.Path);
        foreach ((string name, double unit) in new[] { ("token_embd.weight", 1), ("blk.23.ffn_down.weight", 1 / Math.Sqrt(96)), ("output.weight", 1 / 8.0) })
        {
            float[] values = Values(written, written.RequireTensor(name));
            Assert.InRange(values.Average() / unit, -0.05, 0.05);
            Assert.InRange(Deviation(values) / unit, 0.97, 1.03);
            Assert.InRange(values.Count(value => Math.Abs(value) < unit) / (double)values.Length, 0.64, 0.70);
        }

        Assert.All(Values(written, written.RequireTensor("blk.3.ffn_norm.weight")), value => Assert.Equal(1, value));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Write_WeightsOfAnyType_HaveTheirDeviationAndNoMean(string type)
    {
        using TemporaryFile file = Written(s_options with { Shape = ModelShape.Parse("256,512,8,4,2"), Type = Type(type) });
        using GgufFile written = GgufFile.Open(file.Path);
        foreach ((string name, double unit) in new[] { ("token_embd.weight", 1), ("blk.2.ffn_down.weight", 1 / Math.Sqrt(512)), ("output.weight", 1 / 16.0) })
        {
            float[] values = Values(written, written.RequireTensor(name));
            Assert.InRange(values.Average() / unit, -0.02, 0.02);
            Assert.InRange(Deviation(values) / unit, 0.97, 1.03);
            Assert.True(values.All(float.IsFinite) && values.Max(MathF.Abs) < 6 * unit);
        }
    }

    [Fact]
    public void Write_SameSeed_GivesTheSameBytesAndAnotherOthers()
    {
        RandomModelOptions options = s_options with { Shape = ModelShape.Parse("256,256,2,4,2"), Type = Type("Q4_K_M") };
        using TemporaryFile first = Written(options);
        using TemporaryFile second = Written(options);
        using TemporaryFile other = Written(options with { Seed = 2 });
        byte[] bytes = File.ReadAllBytes(first.Path);
        Assert.Equal(bytes, File.ReadAllBytes(second.Path));
        Assert.NotEqual(bytes, File.ReadAllBytes(other.Path));
    }

    [Fact]
    public void Write_Rows_AreAllDifferent()
    {
        using TemporaryFile file = Written(s_options);
        using GgufFile written = GgufFile.Open(file.Path);
        GgufTensorInfo[] matrices = [.. written.TensorList.Where(tensor => tensor.Type == TensorType.Q4_0 && tensor.Columns == 64)];
        long rows = matrices.Sum(tensor => tensor.Rows);
        HashSet<string> different = [.. matrices.SelectMany(tensor =>
            Enumerable.Range(0, (int)tensor.Rows).Select(row => Convert.ToBase64String(written.Row(tensor, row))))];
        Assert.Equal(rows, different.Count);
    }

    [Theory]
    [InlineData(1500)]
    [InlineData(1024)]
    public void Write_FilledVocabulary_EncodesAsItsSource(int size)
    {
        using TemporaryFile file = Written(s_options with { VocabularySize = size });
        using GgufFile source = GgufFile.Open(TestPaths.BundledModel);
        using GgufFile written = GgufFile.Open(file.Path);
        ITokenizer expected = TokenizerFactory.Create(source.Metadata);
        ITokenizer tokenizer = TokenizerFactory.Create(written.Metadata);
        foreach (string text in new[] { "Once upon a time", "w1400 and w1024w1499", "ä 8 猫" })
        {
            Assert.Equal(expected.Encode(text, addBos: true), tokenizer.Encode(text, addBos: true));
        }

        Assert.Equal(size, written.Metadata.RequireStringArray("tokenizer.ggml.tokens").Distinct().Count());
    }

    [Fact]
    public void Write_SmallestVocabulary_StillSpellsAnything()
    {
        using TemporaryFile file = Written(s_options with { VocabularySize = 259 });
        using GgufFile written = GgufFile.Open(file.Path);
        int[] tokens = TokenizerFactory.Create(written.Metadata).Encode("ab", addBos: true);
        Assert.Equal(1 + 3 + 2, tokens.Length); // BOS, the space before as three bytes, two letters
        Assert.Throws<ArgumentException>(() => Written(s_options with { VocabularySize = 258 }));
    }

    [Fact]
    public void Write_Progress_RisesToOne()
    {
        using TemporaryFile file = new();
        using GgufFile source = GgufFile.Open(TestPaths.BundledModel);
        List<double> shares = [];
        RandomModel.Write(source, s_options, file.Path, new Recorder(shares));
        Assert.Equal(1, shares[^1]);
        Assert.True(shares.Zip(shares.Skip(1)).All(pair => pair.First < pair.Second));
        Assert.Single(Directory.GetFiles(file.Folder));
    }

    [Fact]
    public void Write_Cancelled_LeavesNothingBehind()
    {
        using TemporaryFile file = new();
        using GgufFile source = GgufFile.Open(TestPaths.BundledModel);
        using CancellationTokenSource cancellation = new();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            RandomModel.Write(source, s_options, file.Path, new Canceller(cancellation), cancellation.Token));
        Assert.Empty(Directory.GetFiles(file.Folder));
    }

    [Theory]
    [InlineData("vocabulary size is 0", 0, 256, TensorType.F32)]
    [InlineData("context length is 1048577", 1500, (1 << 20) + 1, TensorType.F32)]
    [InlineData("not in Q2_K", 1500, 256, TensorType.Q2_K)]
    [InlineData("hidden size 64 is no multiple of the 256 elements in a Q4_K block", 1500, 256, TensorType.Q4_K)]
    public void Write_ImpossibleModel_SaysWhy(string said, int vocabulary, int context, TensorType type)
    {
        RandomModelOptions options = s_options with { VocabularySize = vocabulary, ContextLength = context, Type = type };
        Assert.Contains(said, Assert.Throws<ArgumentException>(() => Written(options)).Message, StringComparison.Ordinal);
    }

    private static TypeMix Type(string name) => TypeMix.TryParse(name, out TypeMix mix) ? mix : throw new ArgumentException($"No type {name}.");

    private static TemporaryFile Written(RandomModelOptions options)
    {
        TemporaryFile file = new();
        using GgufFile source = GgufFile.Open(TestPaths.BundledModel);
        try
        {
            RandomModel.Write(source, options, file.Path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static float[] Values(GgufFile file, GgufTensorInfo tensor)
    {
        float[] values = new float[tensor.Columns * tensor.Rows];
        BlockCodec.Dequantize(tensor.Type, file.Data(tensor), values);
        return values;
    }

    private static double Deviation(float[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }

    private sealed class Recorder(List<double> shares) : IProgress<double>
    {
        public void Report(double value) => shares.Add(value);
    }

    private sealed class Canceller(CancellationTokenSource cancellation) : IProgress<double>
    {
        public void Report(double value) => cancellation.Cancel();
    }
}
