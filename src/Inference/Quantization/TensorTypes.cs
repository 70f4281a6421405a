namespace Halo.Inference.Quantization;

/// <summary>Sizes of tensor types.</summary>
public static class TensorTypes
{
    /// <summary>Whether weights of the type can be used.</summary>
    public static bool IsSupported(TensorType type) =>
        type is TensorType.F32 or TensorType.F16 or TensorType.Q8_0 or TensorType.Q4_0;

    /// <summary>Whether the id is one of <see cref="TensorType"/>.</summary>
    public static bool IsKnown(TensorType type) => Enum.IsDefined(type);

    /// <summary>Elements in a block.</summary>
    public static int BlockColumns(TensorType type) => type switch
    {
        TensorType.F32 or TensorType.F16 or TensorType.BF16 => 1,
        TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q5_0 or TensorType.Q5_1 or TensorType.Q8_0 => 32,
        _ => 256,
    };

    /// <summary>Bytes of a block.</summary>
    public static int BlockBytes(TensorType type) => type switch
    {
        TensorType.F32 => 4,
        TensorType.F16 or TensorType.BF16 => 2,
        TensorType.Q4_0 => 18,
        TensorType.Q4_1 => 20,
        TensorType.Q5_0 => 22,
        TensorType.Q5_1 => 24,
        TensorType.Q8_0 => 34,
        TensorType.Q2_K => 84,
        TensorType.Q3_K => 110,
        TensorType.Q4_K => 144,
        TensorType.Q5_K => 176,
        TensorType.Q6_K => 210,
        TensorType.Q8_K => 292,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a known tensor type"),
    };

    /// <summary>Bytes of a row.</summary>
    public static long RowBytes(TensorType type, long columns) => columns / BlockColumns(type) * BlockBytes(type);
}
