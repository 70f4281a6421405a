namespace Halo.Inference.Tests.Model.Architectures;

/// <summary>
/// What a made model is: sizes and metadata for its file, and the same in the words of <c>PlainForward</c>, which knows nothing of the
/// product's own descriptions.
/// </summary>
internal sealed record TinySpec(string Name, string Architecture)
{
    internal const int HiddenSize = 48;
    internal const int IntermediateSize = 96;
    internal const int LayerCount = 2;
    internal const int HeadCount = 6;
    internal const int VocabularySize = 80;
    internal const double RopeBase = 10_000;

    internal int KvHeadCount { get; init; } = 3;

    internal int HeadDim { get; init; } = 8;

    internal int RotaryDim { get; init; } = 8;

    internal int ContextLength { get; init; } = 64;

    internal bool IsHalfSplit { get; init; }

    internal bool HasLearnedPositions { get; init; }

    internal bool IsFused { get; init; }       // attn_qkv

    internal bool IsGateFused { get; init; }   // ffn_up with the gate before it

    internal bool HasGate { get; init; } = true;

    internal bool HasLayerNorm { get; init; }  // else RMS

    internal bool HasHeadNorms { get; init; }

    internal bool HasOwnHead { get; init; } = true;

    /// <summary>Matrices of a layer that have a bias: <c>attn_q</c>, …</summary>
    internal string[] Biases { get; init; } = [];

    /// <summary>Metadata beyond the usual, without the architecture's name.</summary>
    internal Dictionary<string, object> Metadata { get; init; } = [];

    /// <summary>Tensors beyond the usual.</summary>
    internal Dictionary<string, float[]> Vectors { get; init; } = [];

    /// <summary>Turns plain inverse frequency of pair i into the one that is used.</summary>
    internal Func<double, int, double> Stretch { get; init; } = (frequency, _) => frequency;

    /// <summary>What turned elements are multiplied by.</summary>
    internal double Magnitude { get; init; } = 1;

    public override string ToString() => Name;
}
