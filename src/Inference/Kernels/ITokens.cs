namespace Halo.Inference.Kernels;

/// <summary>How many tokens share the unpacked codes: 1 or 4, known when the kernel is compiled.</summary>
internal interface ITokens
{
    /// <summary>Tokens.</summary>
    static abstract int Count { get; }
}

/// <summary>Decoding.</summary>
internal readonly struct OneToken : ITokens
{
    static int ITokens.Count => 1;
}

/// <summary>Prompts.</summary>
internal readonly struct FourTokens : ITokens
{
    static int ITokens.Count => 4;
}
