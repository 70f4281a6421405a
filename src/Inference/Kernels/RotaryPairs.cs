namespace Halo.Inference.Kernels;

/// <summary>Which two elements of a head turn together.</summary>
public enum RotaryPairs
{
    /// <summary>Elements 2i and 2i + 1: queries and keys of GGUF files of LLaMA are stored in this order.</summary>
    Interleaved,

    /// <summary>Elements i and i + rotaryDim / 2.</summary>
    HalfSplit,

    /// <summary>None: positions are learned and added to the embeddings.</summary>
    None,
}
