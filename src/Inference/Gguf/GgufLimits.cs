namespace Halo.Inference.Gguf;

/// <summary>
/// Bounds on what a GGUF header may claim. They are far above every published model and low enough that a hostile header
/// is refused before anything of its claimed size is allocated; every count is also checked against the bytes that are left.
/// </summary>
public static class GgufLimits
{
    /// <summary>Most tensors of a file; a 70B LLaMA has 723.</summary>
    public const int MaxTensorCount = 65_536;

    /// <summary>Most metadata keys of a file; usual files have under 50.</summary>
    public const int MaxKeyCount = 65_536;

    /// <summary>Longest metadata key in bytes, as in the GGUF specification.</summary>
    public const int MaxKeyBytes = 65_535;

    /// <summary>Longest tensor name in bytes; the specification says 64, some converters write more.</summary>
    public const int MaxTensorNameBytes = 256;

    /// <summary>Longest string value in bytes; chat templates and licence texts stay under 100 kB.</summary>
    public const int MaxStringBytes = 16 << 20;

    /// <summary>Most elements of a metadata array; the largest vocabularies have 262,144 tokens.</summary>
    public const int MaxArrayLength = 4 << 20;

    /// <summary>Most dimensions of a tensor, as in ggml.</summary>
    public const int MaxDimensionCount = 4;

    /// <summary>Largest single dimension of a tensor: 2^40 elements.</summary>
    public const long MaxDimension = 1L << 40;

    /// <summary>Alignment of tensor data where the file does not say: 32 bytes.</summary>
    public const int DefaultAlignment = 32;

    /// <summary>Largest alignment accepted: 1 MiB.</summary>
    public const int MaxAlignment = 1 << 20;

    // Least bytes an entry can take in the file, to bound a count by what is left:
    // key length 8 + value type 4 + one value byte; name length 8 + dimension count 4 + one dimension 8 + type 4 + offset 8.
    internal const int MinKeyEntryBytes = 13;
    internal const int MinTensorEntryBytes = 32;
}
