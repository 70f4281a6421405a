using Halo.Inference.Kernels;

namespace Halo.Inference.Model.Architectures;

/// <summary>
/// In what a model's forward pass differs from that of others. There is one forward pass: it asks this, never for a name. What is not said here is
/// alike for all: a pre-norm decoder of attention and feed-forward, whose LM head may be the embedding table.
/// </summary>
public sealed record ArchitectureDescription
{
    /// <summary>The name in <c>general.architecture</c>, with which the file's other keys begin.</summary>
    public required string Name { get; init; }

    /// <summary>The norm before each stage and before the LM head.</summary>
    public NormKind Norm { get; init; } = NormKind.Rms;

    /// <summary>How queries and keys turn with their position.</summary>
    public required RotaryPairs Rotary { get; init; }

    /// <summary>Whether queries, keys and values are the rows of one tensor, in this order.</summary>
    public bool FusedQueryKeyValue { get; init; }

    /// <summary>What the neurons compute.</summary>
    public FeedForwardForm FeedForward { get; init; } = FeedForwardForm.SwiGlu;

    /// <summary>Vectors that every layer must have.</summary>
    internal LayerVector Required { get; init; } = LayerVector.Norms;

    /// <summary>Vectors that a layer may have; they are used where they are there.</summary>
    internal LayerVector Optional { get; init; }

    /// <summary>Whether context-dependent rotary factors are looked for, whatever the file's scaling type.</summary>
    internal bool ReadsLongRope { get; init; }

    /// <summary>Whether a layer has a gate.</summary>
    public bool HasGate => FeedForward != FeedForwardForm.Gelu;

    /// <summary>Whether positions are learned rows that are added to the embeddings.</summary>
    public bool HasLearnedPositions => Rotary == RotaryPairs.None;

    /// <summary>The key, in this architecture's metadata, of what norms add before the root.</summary>
    internal string EpsilonKey => $"{Name}.attention." + (Norm == NormKind.Rms ? "layer_norm_rms_epsilon" : "layer_norm_epsilon");
}
