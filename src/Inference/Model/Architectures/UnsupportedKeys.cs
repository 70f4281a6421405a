using Halo.Inference.Gguf;

namespace Halo.Inference.Model.Architectures;

/// <summary>
/// Metadata that would change what a model computes in ways that the forward pass does not know. A file that has such a key is refused: its
/// answers would be wrong without a word.
/// </summary>
internal static class UnsupportedKeys
{
    // Each with the values that change nothing.
    private static readonly (string Key, float[] Neutral)[] s_numbers =
    [
        ("attention.scale", [0]),
        ("attention.clamp_kqv", [0]),
        ("attention.max_alibi_bias", [0]),
        ("attention.temperature_scale", [0]),
        ("attn_logit_softcapping", [0]),
        ("final_logit_softcapping", [0]),
        ("logit_scale", [0, 1]),
        ("residual_scale", [0, 1]),
        ("embedding_scale", [0, 1]),
        ("expert_count", [0]),
        ("rope.scaling.alpha", [0]),
        ("rope.scaling.yarn_ext_factor", [-1, 1]),
        ("rope.scaling.yarn_attn_factor", [1]),
    ];

    private static readonly (string Key, bool Neutral)[] s_switches =
    [
        ("attention.causal", true),
        ("use_parallel_residual", false),
    ];

    /// <summary>Refuses a file that asks for more than the forward pass does.</summary>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="architecture">What its keys begin with.</param>
    /// <exception cref="GgufFormatException">It does; the message names the key.</exception>
    internal static void Check(GgufMetadata metadata, string architecture)
    {
        foreach ((string suffix, float[] neutral) in s_numbers)
        {
            string key = $"{architecture}.{suffix}";
            if (metadata.Contains(key) && !neutral.Contains(Number(metadata, key)))
            {
                throw Refusal(metadata, key);
            }
        }

        foreach ((string suffix, bool neutral) in s_switches)
        {
            string key = $"{architecture}.{suffix}";
            if (metadata.Contains(key) && metadata.RequireBoolean(key) != neutral)
            {
                throw Refusal(metadata, key);
            }
        }

        string sections = $"{architecture}.rope.dimension_sections";
        if (metadata.Contains(sections))
        {
            throw Refusal(metadata, sections);
        }
    }

    private static float Number(GgufMetadata metadata, string key) => metadata.TryGetUInt32(key, out uint whole) ? whole : metadata.RequireSingle(key);

    private static GgufFormatException Refusal(GgufMetadata metadata, string key) =>
        new($"{key} is {metadata.Describe(key)}; models that need it are not supported, and would give wrong answers without it.");
}
