using System.Diagnostics.CodeAnalysis;
using Halo.Inference.Kernels;

namespace Halo.Inference.Model.Architectures;

/// <summary>The architectures that can be run.</summary>
public static class KnownArchitectures
{
    // Llama, Llama 2 and 3, TinyLlama, SmolLM, Mistral 7B: all are written as 'llama'.
    private static readonly ArchitectureDescription s_llama = new()
    {
        Name = "llama",
        Rotary = RotaryPairs.Interleaved,
        Optional = LayerVector.GatedBiases,
    };

    private static readonly Dictionary<string, ArchitectureDescription> s_all = new ArchitectureDescription[]
    {
        s_llama,

        // Mistral Small 3 and later; scaled attention temperatures, which some of them have, are refused.
        s_llama with { Name = "mistral3" },
        new()
        {
            Name = "qwen2",
            Rotary = RotaryPairs.HalfSplit,
            Required = LayerVector.Norms | LayerVector.QueryKeyValueBiases,
        },
        new()
        {
            Name = "qwen3",
            Rotary = RotaryPairs.HalfSplit,
            Required = LayerVector.Norms | LayerVector.HeadNorms,
            Optional = LayerVector.QueryKeyValueBiases,
        },
        new()
        {
            Name = "phi3",
            Rotary = RotaryPairs.HalfSplit,
            FusedQueryKeyValue = true,
            FeedForward = FeedForwardForm.FusedSwiGlu,
            ReadsLongRope = true,
        },
        new()
        {
            Name = "gpt2",
            Norm = NormKind.Layer,
            Rotary = RotaryPairs.None,
            FusedQueryKeyValue = true,
            FeedForward = FeedForwardForm.Gelu,
            Required = LayerVector.Norms | LayerVector.NormBiases | LayerVector.QueryKeyValueBiases
                | LayerVector.OutputBias | LayerVector.UpBias | LayerVector.DownBias,
        },
    }.ToDictionary(description => description.Name, StringComparer.Ordinal);

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Names => s_all.Keys;

    /// <summary>Finds an architecture by its name in <c>general.architecture</c>.</summary>
    public static bool TryGet(string name, [NotNullWhen(true)] out ArchitectureDescription? description) => s_all.TryGetValue(name, out description);
}
