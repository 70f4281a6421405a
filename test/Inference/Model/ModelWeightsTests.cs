using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Model;

public sealed class ModelWeightsTests
{
    private readonly MadeModel _model = new();

    [Fact]
    public void Open_AWholeModel_ReadsItsShape()
    {
        using TemporaryFile file = _model.Write();
        using ModelWeights weights = ModelWeights.Open(file.Path);
        ModelConfig config = weights.Config;
        Assert.Equal((32, 64, 2, 4, 2), (config.HiddenSize, config.IntermediateSize, config.LayerCount, config.HeadCount, config.KvHeadCount));
        Assert.Equal((8, 8, 40, 64, 16), (config.HeadDim, config.RotaryDim, config.VocabularySize, config.ContextLength, config.GroupWidth));
        Assert.Equal((2, 2), (weights.Layout.NeuronGroupCount, weights.Layout.TokenGroupCount));
        Assert.Equal(4L * (32 * 16 + 2 * 32 * 8 + 16 * 32), weights.Layout.HeadGroupBytes);
        Assert.Equal(4L * (2 * 32 * 32 + 32 * 32), weights.Layout.NeuronGroupBytes);
        Assert.Equal((4L * 32 * 32, 4L * 32 * 40), (weights.Layout.TokenGroupBytes, weights.Layout.EmbeddingBytes));
    }

    [Theory]
    [InlineData("token_embd")]
    [InlineData("output_norm")]
    [InlineData("blk.0.ffn_down")]
    [InlineData("blk.1.attn_norm")]
    [InlineData("blk.1.attn_q")]
    [InlineData("blk.1.attn_k")]
    [InlineData("blk.1.attn_v")]
    [InlineData("blk.1.attn_output")]
    [InlineData("blk.1.ffn_norm")]
    [InlineData("blk.1.ffn_gate")]
    [InlineData("blk.1.ffn_up")]
    [InlineData("blk.1.ffn_down")]
    public void Open_MissingTensor_NamesIt(string tensor)
    {
        Assert.True(_model.Tensors.Remove(tensor + ".weight"));
        AssertRefused(tensor + ".weight");
    }

    [Theory]
    [InlineData("token_embd", new long[] { 31, 40 }, "32")]
    [InlineData("output_norm", new long[] { 33 }, "33")]
    [InlineData("blk.0.attn_q", new long[] { 32, 31 }, "32 x 31", "32 x 32")]
    [InlineData("blk.1.attn_k", new long[] { 32, 32 }, "32 x 32", "32 x 16")]
    [InlineData("blk.1.ffn_down", new long[] { 32, 64 }, "32 x 64", "64 x 32")]
    [InlineData("blk.0.attn_v", new long[] { 32, 8, 2 }, "32 x 8 x 2")]
    [InlineData("output", new long[] { 32, 39 }, "32 x 39", "32 x 40")]
    public void Open_WrongShape_NamesItAndWhatIsNeeded(string tensor, long[] dimensions, params string[] parts)
    {
        _model.Add(tensor, dimensions);
        AssertRefused([tensor + ".weight", .. parts]);
    }

    [Theory]
    [InlineData("blk.1.attn_q")]
    [InlineData("blk.0.ffn_down")]
    [InlineData("blk.1.ffn_norm")]
    public void Open_TypeWithoutKernels_NamesTensorAndType(string tensor)
    {
        // 256 columns, as a K-quant block needs.
        long[] dimensions = _model.Tensors[tensor + ".weight"].Dimensions;
        _model.Add(tensor, [256, .. dimensions.Skip(1)]);
        _model.SetType(tensor, TensorType.Q3_K);
        GgufFormatException fault = OpenFault();
        Assert.Contains(tensor, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("general.architecture")]
    [InlineData("llama.embedding_length")]
    [InlineData("llama.feed_forward_length")]
    [InlineData("llama.block_count")]
    [InlineData("llama.attention.head_count")]
    [InlineData("llama.context_length")]
    [InlineData("llama.attention.layer_norm_rms_epsilon")]
    public void Open_MissingKey_NamesIt(string key)
    {
        Assert.True(_model.Metadata.Remove(key));
        AssertRefused(key);
    }

    [Theory]
    [InlineData("general.architecture", "opt", "'opt'", "qwen2")]
    [InlineData("llama.attention.head_count_kv", 3u, "multiple", "4", "3")]
    [InlineData("llama.attention.head_count_kv", 8u, "head_count_kv is 8", "1 to 4")]
    [InlineData("llama.attention.head_count", 0u, "head_count is 0")]
    [InlineData("llama.attention.head_count", 64u, "heads of 0")]
    [InlineData("llama.attention.head_count", 5u, "multiple", "5", "2")]
    [InlineData("llama.attention.key_length", 0u, "heads of 0")]
    [InlineData("llama.attention.key_length", uint.MaxValue, "heads of")]
    [InlineData("llama.attention.value_length", 4u, "value_length", "4", "8")]
    [InlineData("llama.block_count", 0u, "block_count is 0")]
    [InlineData("llama.block_count", 1025u, "1025", "1024")]
    [InlineData("llama.block_count", 3u, "blk.2.")]
    [InlineData("llama.embedding_length", uint.MaxValue, "4294967295")]
    [InlineData("llama.feed_forward_length", 0u, "feed_forward_length is 0")]
    [InlineData("llama.context_length", 0u, "context_length is 0")]
    [InlineData("llama.context_length", uint.MaxValue, "context_length is 4294967295")]
    [InlineData("llama.rope.dimension_count", 7u, "7")]
    [InlineData("llama.rope.dimension_count", 9u, "dimension_count is 9", "1 to 8")]
    [InlineData("llama.rope.freq_base", 0f, "freq_base is 0")]
    [InlineData("llama.rope.freq_base", float.NaN, "freq_base is NaN")]
    [InlineData("llama.rope.scaling.type", "su", "'su'")]
    [InlineData("llama.attention.layer_norm_rms_epsilon", 0f, "rms_epsilon is 0")]
    [InlineData("llama.attention.layer_norm_rms_epsilon", float.NaN, "rms_epsilon is NaN")]
    public void Open_ValueThatMakesNoModel_NamesIt(string key, object value, params string[] parts)
    {
        _model.Metadata[key] = value;
        AssertRefused(parts);
    }

    [Fact]
    public void Open_RefusedFile_IsLetGo()
    {
        _model.Metadata["llama.block_count"] = 3u;
        using TemporaryFile file = _model.Write();
        Assert.Throws<GgufFormatException>(() => ModelWeights.Open(file.Path).Dispose());
        using FileStream exclusive = new(file.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(exclusive.CanWrite);
    }

    private void AssertRefused(params string[] parts)
    {
        GgufFormatException fault = OpenFault();
        Assert.All(parts, part => Assert.Contains(part, fault.Message, StringComparison.Ordinal));
    }

    private GgufFormatException OpenFault()
    {
        using TemporaryFile file = _model.Write();
        return Assert.Throws<GgufFormatException>(() => ModelWeights.Open(file.Path).Dispose());
    }
}
