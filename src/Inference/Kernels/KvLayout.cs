using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>
/// How <see cref="BlockPositions"/> positions of one KV head lie in a block: keys by element (headDim, positions), so that a vector holds one
/// element of many positions and scores need no sum across a vector; then values by position (positions, paddedDim). Q8_0 has its scales,
/// f16, after each of the two: (groups of 32 elements, positions).
/// </summary>
/// <param name="Type">Type of the elements.</param>
/// <param name="HeadDim">Elements of a head.</param>
public sealed record KvLayout(KvType Type, int HeadDim)
{
    /// <summary>Positions in one block: small enough that short sequences waste little, large enough that a block is a long run of memory.</summary>
    public const int BlockPositions = 32;

    /// <summary>Elements that share a scale.</summary>
    internal const int GroupElements = 32;

    private const int PaddedTo = 16;   // the widest vector: no row of values has a rest
    private const int ScaleBytes = 2;

    /// <summary>Bytes of an element, scales apart.</summary>
    internal int ElementBytes { get; } = Type switch
    {
        KvType.F16 => 2,
        KvType.Q8_0 => 1,
        KvType.F32 => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(Type), $"KV of type {Type} is unknown; there are F16, Q8_0 and F32."),
    };

    /// <summary>Elements of a row of values; those beyond <see cref="HeadDim"/> are zero.</summary>
    internal int PaddedDim { get; } = (HeadDim + PaddedTo - 1) / PaddedTo * PaddedTo;

    /// <summary>Scales of one key or value.</summary>
    internal int Groups { get; } = Type == KvType.Q8_0 ? (HeadDim + GroupElements - 1) / GroupElements : 0;

    /// <summary>Where a block's key scales begin, in bytes.</summary>
    internal long KeyScales => (long)HeadDim * BlockPositions * ElementBytes;

    /// <summary>Where a block's values begin.</summary>
    internal long Values => KeyScales + (long)Groups * BlockPositions * ScaleBytes;

    /// <summary>Where a block's value scales begin.</summary>
    internal long ValueScales => Values + (long)PaddedDim * BlockPositions * ElementBytes;

    /// <summary>Bytes of a block, whole cache lines.</summary>
    public long BlockBytes => (ValueScales + (long)Groups * BlockPositions * ScaleBytes + 63) / 64 * 64;

    /// <summary>Bytes of memory for one position of one KV head.</summary>
    public long BytesPerPosition => BlockBytes / BlockPositions;

    /// <summary>Bytes of one key or value as it travels: scales, then elements, without padding.</summary>
    internal int RowBytes => Groups * ScaleBytes + HeadDim * ElementBytes;

    /// <summary>Blocks that so many positions of one KV head take: the last one may be used in part.</summary>
    public static int BlocksFor(int positions) => (int)(((long)positions + BlockPositions - 1) / BlockPositions);
}
