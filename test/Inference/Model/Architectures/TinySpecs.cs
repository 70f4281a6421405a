namespace Halo.Inference.Tests.Model.Architectures;

/// <summary>The made models: each architecture, and each way of stretching rotary positions.</summary>
internal static class TinySpecs
{
    private const double Factor = 4;
    private const int YarnContext = 1024; // so that the four pairs of a head of 8 are stretched each in its own measure

    private static readonly float[] s_llama3 = [1, 1.5f, 3, 8];
    private static readonly float[] s_longer = [1.25f, 2, 6];
    private static readonly float[] s_shorter = [1.05f, 1.1f, 1.3f];
    private static readonly string[] s_queryKeyValue = ["attn_q", "attn_k", "attn_v"];

    private static readonly TinySpec s_llama = new("llama", "llama");

    private static readonly TinySpec s_phi3 = new("phi3", "phi3")
    {
        IsHalfSplit = true,
        IsFused = true,
        IsGateFused = true,
        RotaryDim = 6,
        ContextLength = 256, // the least that the reference engine computes with; it chooses factors by it
    };

    internal static IReadOnlyList<TinySpec> All { get; } =
    [
        s_llama,
        s_llama with { Name = "llama-tied", HasOwnHead = false },
        s_llama with { Name = "llama-biases", Biases = [.. s_queryKeyValue, "attn_output", "ffn_gate", "ffn_up", "ffn_down"] },
        s_llama with
        {
            Name = "llama-rope-freqs",
            Vectors = new() { ["rope_freqs.weight"] = s_llama3 },
            Stretch = (frequency, pair) => frequency / s_llama3[pair],
        },
        s_llama with
        {
            Name = "llama-linear",
            Metadata = new() { ["rope.scaling.type"] = "linear", ["rope.scaling.factor"] = (float)Factor },
            Stretch = (frequency, _) => frequency / Factor,
        },
        Yarn(s_llama with { Name = "llama-yarn" }),
        Yarn(s_llama with { Name = "mistral3", Architecture = "mistral3" }, fast: 4, slow: 0.25f, logMultiplier: 0.6f),
        new("qwen2", "qwen2") { IsHalfSplit = true, Biases = s_queryKeyValue },
        Yarn(new("qwen2-yarn-tied", "qwen2") { IsHalfSplit = true, Biases = s_queryKeyValue, HasOwnHead = false }),
        new("qwen3", "qwen3") { IsHalfSplit = true, HasHeadNorms = true, HeadDim = 16, RotaryDim = 16 },
        s_phi3,
        LongRope(s_phi3 with { Name = "phi3-long" }, original: 32, s_longer),
        LongRope(s_phi3 with { Name = "phi3-short" }, original: 256, s_shorter),
        new("gpt2", "gpt2")
        {
            HasLearnedPositions = true,
            IsFused = true,
            HasGate = false,
            HasLayerNorm = true,
            HasOwnHead = false,
            KvHeadCount = TinySpec.HeadCount,
            Biases = ["attn_qkv", "attn_output", "ffn_up", "ffn_down"],
        },
    ];

    internal static TinySpec Of(string name) => All.Single(spec => spec.Name == name);

    private static TinySpec LongRope(TinySpec spec, int original, float[] used) => spec with
    {
        Metadata = new() { ["rope.scaling.original_context_length"] = (uint)original, ["rope.scaling.attn_factor"] = 1.19f },
        Vectors = new() { ["rope_factors_long.weight"] = s_longer, ["rope_factors_short.weight"] = s_shorter },
        Stretch = (frequency, pair) => frequency / used[pair],
        Magnitude = 1.19f,
    };

    private static TinySpec Yarn(TinySpec spec, float fast = 32, float slow = 1, float logMultiplier = 0)
    {
        Dictionary<string, object> metadata = new()
        {
            ["rope.scaling.type"] = "yarn",
            ["rope.scaling.factor"] = (float)Factor,
            ["rope.scaling.original_context_length"] = (uint)YarnContext,
        };
        if (logMultiplier > 0)
        {
            metadata["rope.scaling.yarn_beta_fast"] = fast;
            metadata["rope.scaling.yarn_beta_slow"] = slow;
            metadata["rope.scaling.yarn_log_multiplier"] = logMultiplier;
        }

        return spec with
        {
            Metadata = metadata,
            Stretch = (frequency, pair) => YarnBlend(frequency, pair, spec.RotaryDim, fast, slow),
            Magnitude = ((0.1 * Math.Log(Factor)) + 1) / ((0.1 * logMultiplier * Math.Log(Factor)) + 1),
        };
    }

    // The paper's "NTK by parts", with ends rounded to whole pairs as its authors' code does.
    private static double YarnBlend(double frequency, int pair, int rotaryDim, double fast, double slow)
    {
        double low = Math.Max(Math.Floor(Pair(fast)), 0);
        double high = Math.Min(Math.Ceiling(Pair(slow)), rotaryDim - 1);
        double ramp = Math.Clamp((pair - low) / Math.Max(high - low, 0.001), 0, 1);
        return (frequency / Factor * ramp) + (frequency * (1 - ramp));

        double Pair(double turns) => rotaryDim * Math.Log(YarnContext / (turns * 2 * Math.PI)) / (2 * Math.Log(TinySpec.RopeBase));
    }
}
