using System.Diagnostics.CodeAnalysis;

namespace Halo.Inference.Quantization;

/// <summary>Sizes of the storage types: a row is a whole number of blocks of <see cref="BlockColumns"/> columns.</summary>
public static class TensorTypes
{
    /// <summary>Whether kernels and <see cref="BlockCodec"/> handle <paramref name="type"/>.</summary>
    public static bool IsSupported(TensorType type) =>
        type is TensorType.F32 or TensorType.F16 or TensorType.BF16 || IsQuantized(type);

    /// <summary>Whether <paramref name="type"/> is a supported one that is stored in blocks of codes, with scales.</summary>
    public static bool IsQuantized(TensorType type) => type
        is TensorType.Q8_0 or TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q5_0 or TensorType.Q5_1
        or TensorType.Q4_K or TensorType.Q5_K or TensorType.Q6_K;

    /// <summary>The supported types, for messages.</summary>
    public static string SupportedNames { get; } = string.Join(", ", Enum.GetValues<TensorType>().Where(IsSupported));

    /// <summary>Whether <paramref name="type"/> is listed in <see cref="TensorType"/>, so that its size is known.</summary>
    public static bool IsKnown(TensorType type) => Shape(type).Columns != 0;

    /// <summary>Columns in one block: 1, 32 or 256.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is unknown.</exception>
    public static int BlockColumns(TensorType type) => KnownShape(type).Columns;

    /// <summary>Bytes of one block of <see cref="BlockColumns"/> columns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is unknown.</exception>
    public static int BlockBytes(TensorType type) => KnownShape(type).Bytes;

    /// <summary>Bytes of a row of <paramref name="columns"/> columns, which must be whole blocks.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is unknown, or the columns are negative or not whole blocks.</exception>
    /// <exception cref="OverflowException">The row is longer than a long can say.</exception>
    public static long RowBytes(TensorType type, long columns)
    {
        (int blockColumns, int blockBytes) = KnownShape(type);
        if (columns < 0 || columns % blockColumns != 0)
        {
            ThrowNotWholeBlocks(type, columns, blockColumns);
        }

        return checked(columns / blockColumns * blockBytes);
    }

    private static (int Columns, int Bytes) KnownShape(TensorType type)
    {
        (int Columns, int Bytes) shape = Shape(type);
        if (shape.Columns == 0)
        {
            ThrowUnknown(type);
        }

        return shape;
    }

    // The bytes add up as written: scales first, then packed values.
    private static (int Columns, int Bytes) Shape(TensorType type) => type switch
    {
        TensorType.F32 => (1, 4),
        TensorType.F16 or TensorType.BF16 => (1, 2),
        TensorType.Q4_0 => (32, 2 + 16),
        TensorType.Q4_1 => (32, 2 + 2 + 16),
        TensorType.Q5_0 => (32, 2 + 4 + 16),
        TensorType.Q5_1 => (32, 2 + 2 + 4 + 16),
        TensorType.Q8_0 => (32, 2 + 32),
        TensorType.Q2_K => (256, 2 + 2 + 16 + 64),
        TensorType.Q3_K => (256, 2 + 12 + 32 + 64),
        TensorType.Q4_K => (256, 2 + 2 + 12 + 128),
        TensorType.Q5_K => (256, 2 + 2 + 12 + 32 + 128),
        TensorType.Q6_K => (256, 2 + 16 + 64 + 128),
        TensorType.Q8_K => (256, 4 + 256 + 32),
        _ => (0, 0),
    };

    [DoesNotReturn]
    private static void ThrowUnknown(TensorType type) =>
        throw new ArgumentOutOfRangeException(nameof(type), $"Tensor type {(uint)type} is unknown.");

    [DoesNotReturn]
    private static void ThrowNotWholeBlocks(TensorType type, long columns, int blockColumns) =>
        throw new ArgumentOutOfRangeException(nameof(columns), $"{columns} columns of {type} are not whole blocks of {blockColumns}.");
}
