using Halo.Inference.Gguf;
using Halo.Inference.Model;

namespace Halo.Inference.Tests.Model.Architectures;

/// <summary>Files of each architecture that lack something, or have more than the forward pass would use, are refused by name.</summary>
public sealed class HostileArchitectureTests
{
    [Theory]
    [InlineData("qwen2", "blk.1.attn_k.bias")]
    [InlineData("qwen3", "blk.1.attn_q_norm.weight")]
    [InlineData("qwen3", "blk.0.attn_k_norm.weight")]
    [InlineData("phi3", "blk.0.attn_qkv.weight")]
    [InlineData("phi3", "blk.1.ffn_up.weight")]
    [InlineData("gpt2", "blk.0.ffn_down.bias")]
    [InlineData("gpt2", "blk.1.attn_output.bias")]
    [InlineData("gpt2", "blk.1.attn_qkv.bias")]
    [InlineData("gpt2", "blk.0.attn_norm.bias")]
    [InlineData("gpt2", "output_norm.bias")]
    [InlineData("gpt2", "position_embd.weight")]
    [InlineData("phi3-long", "rope_factors_short.weight", "rope_factors_long")]
    public void Open_WithoutATensor_NamesIt(string spec, string tensor, params string[] more)
    {
        TinyModel model = Model(spec);
        Assert.True(model.Tensors.Remove(tensor));
        AssertRefused(model, [tensor, .. more]);
    }

    [Theory]
    [InlineData("qwen2", "blk.0.attn_q.bias", new long[] { 47 }, "47", "48")]
    [InlineData("qwen2", "blk.0.attn_v.bias", new long[] { 48 }, "48", "24")]
    [InlineData("qwen3", "blk.0.attn_q_norm.weight", new long[] { 8 }, "8", "16")]
    [InlineData("qwen3", "blk.1.attn_output.weight", new long[] { 48, 48 }, "96 x 48")]
    [InlineData("phi3", "blk.1.attn_qkv.weight", new long[] { 48, 95 }, "48 x 95", "48 x 96")]
    [InlineData("phi3", "blk.0.ffn_up.weight", new long[] { 48, 96 }, "48 x 96", "48 x 192")]
    [InlineData("phi3-long", "rope_factors_long.weight", new long[] { 4 }, "4", "3")]
    [InlineData("gpt2", "blk.0.attn_qkv.bias", new long[] { 143 }, "143", "144")]
    [InlineData("gpt2", "blk.0.ffn_up.weight", new long[] { 48, 192 }, "48 x 192", "48 x 96")]
    [InlineData("gpt2", "position_embd.weight", new long[] { 48, 63 }, "48 x 63", "48 x 64")]
    [InlineData("llama-rope-freqs", "rope_freqs.weight", new long[] { 8 }, "is 8;", "4")]
    public void Open_TensorOfAnotherShape_NamesItAndWhatIsNeeded(string spec, string tensor, long[] dimensions, params string[] parts)
    {
        TinyModel model = Model(spec);
        model.Reshape(tensor, dimensions);
        AssertRefused(model, [tensor, .. parts]);
    }

    // What would change results and is not used must not be passed over.
    [Theory]
    [InlineData("llama", "blk.0.attn_q_norm.weight", 8)]
    [InlineData("llama", "blk.0.attn_norm.bias", 48)]
    [InlineData("llama", "output.bias", 80)]
    [InlineData("llama", "rope_factors_long.weight", 4)]
    [InlineData("qwen2", "blk.0.attn_output.bias", 48)]
    [InlineData("qwen3", "blk.1.ffn_up.bias", 96)]
    [InlineData("phi3", "blk.1.attn_qkv.bias", 96)]
    [InlineData("gpt2", "rope_freqs.weight", 4)]
    [InlineData("gpt2", "blk.0.ffn_gate.weight", 48)]
    [InlineData("llama", "blk.2.attn_norm.weight", 48)]
    public void Open_WithATensorThatIsNotUsed_NamesIt(string spec, string tensor, int width)
    {
        TinyModel model = Model(spec);
        model.Reshape(tensor, width);
        AssertRefused(model, tensor, model.Spec.Architecture);
    }

    [Theory]
    [InlineData("qwen2", "attention.layer_norm_rms_epsilon")]
    [InlineData("gpt2", "attention.layer_norm_epsilon")]
    [InlineData("phi3", "feed_forward_length")]
    [InlineData("gpt2", "context_length")]
    public void Open_WithoutAKey_NamesIt(string spec, string key)
    {
        TinyModel model = Model(spec);
        Assert.True(model.Metadata.Remove($"{model.Spec.Architecture}.{key}"));
        AssertRefused(model, $"{model.Spec.Architecture}.{key}");
    }

    [Theory]
    [InlineData("llama", "rope.scaling.type", "ntk")]
    [InlineData("llama", "rope.scaling.type", "longrope", "rope_factors_long")]
    [InlineData("llama-linear", "rope.scaling.factor", -2f)]
    [InlineData("llama-linear", "rope.scaling.factor", float.NaN)]
    [InlineData("llama-yarn", "rope.scaling.attn_factor", 0f)]
    [InlineData("llama-yarn", "rope.scaling.yarn_beta_fast", float.NegativeInfinity)]
    [InlineData("llama-yarn", "rope.scaling.yarn_ext_factor", 0.5f)]
    [InlineData("llama", "attention.scale", 0.25f)]
    [InlineData("llama", "expert_count", 8u)]
    [InlineData("llama", "logit_scale", 0.5f)]
    [InlineData("qwen2", "attn_logit_softcapping", 50f)]
    [InlineData("qwen3", "attention.causal", false)]
    [InlineData("mistral3", "attention.temperature_scale", 0.1f)]
    [InlineData("phi3", "rope.dimension_count", 5u)]
    public void Open_ValueThatIsNotSupported_NamesTheKey(string spec, string key, object value, params string[] parts)
    {
        TinyModel model = Model(spec);
        model.Metadata[$"{model.Spec.Architecture}.{key}"] = value;
        AssertRefused(model, [$"{model.Spec.Architecture}.{key}", .. parts]);
    }

    [Fact]
    public void Open_RotaryFactorOfZero_IsRefused()
    {
        TinyModel model = Model("llama-rope-freqs");
        model.Tensors["rope_freqs.weight"].Values[2] = 0;
        AssertRefused(model, "rope_freqs.weight");
    }

    [Theory]
    [InlineData("llama", "expert_count", 0u)]
    [InlineData("llama", "rope.scaling.type", "none")]
    [InlineData("llama", "rope.scaling.factor", 0f)]
    [InlineData("llama", "rope.scaling.original_context_length", 0u)]
    [InlineData("llama", "attention.causal", true)]
    [InlineData("qwen2", "attention.sliding_window", 64u)]
    [InlineData("qwen2", "attention.sliding_window", 0u)]
    public void Open_ValueThatChangesNothing_IsTaken(string spec, string key, object value)
    {
        TinyModel model = Model(spec);
        using TemporaryFile plain = model.Write();
        model.Metadata[$"{model.Spec.Architecture}.{key}"] = value;
        using TemporaryFile file = model.Write();
        using OpenModel expected = new(plain.Path);
        using OpenModel actual = new(file.Path);
        int[] tokens = expected.Tokens(9, seed: 3);
        Assert.Equal(expected.Append(1, 0, tokens, 9), actual.Append(1, 0, tokens, 9));
        Assert.Null(actual.Weights.Config.Note);
    }

    [Fact]
    public void Open_SlidingWindow_CutsTheContextAndSaysSo()
    {
        TinyModel model = Model("phi3");
        model.Metadata["phi3.attention.sliding_window"] = 20u;
        using TemporaryFile file = model.Write();
        using OpenModel open = new(file.Path);
        Assert.Equal(20, open.Weights.Config.ContextLength);
        Assert.Contains("cut to 20", open.Weights.Config.Note, StringComparison.Ordinal);
        int[] tokens = open.Tokens(21, seed: 3);
        Assert.Equal(20, open.Append(1, 0, tokens.AsSpan(0, 20), 10).Count);
        Assert.Throws<StepException>(() => open.Append(1, 20, tokens.AsSpan(20), 1));
    }

    private static TinyModel Model(string spec) => new(TinySpecs.Of(spec));

    private static void AssertRefused(TinyModel model, params string[] parts)
    {
        using TemporaryFile file = model.Write();
        GgufFormatException fault = Assert.Throws<GgufFormatException>(() => ModelWeights.Open(file.Path).Dispose());
        Assert.All(parts, part => Assert.Contains(part, fault.Message, StringComparison.Ordinal));
    }
}
