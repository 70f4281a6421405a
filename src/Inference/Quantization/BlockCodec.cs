using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Halo.Inference.Quantization;

/// <summary>Turns stored blocks into f32 and back, one value at a time: for loading, tests and tools, not for the token loop.</summary>
/// <remarks>Rounding is that of ggml's reference quantisers (quantize_row_*_ref), so that files agree bit for bit.</remarks>
public static class BlockCodec
{
    /// <summary>values = the numbers that <paramref name="blocks"/> stand for.</summary>
    /// <param name="type">A supported type.</param>
    /// <param name="blocks">Exactly the bytes of <paramref name="values"/>.Length columns.</param>
    /// <param name="values">Whole blocks of columns.</param>
    public static void Dequantize(TensorType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Check(type, blocks.Length, values.Length);
        switch (type)
        {
            case TensorType.F32:
                blocks.CopyTo(MemoryMarshal.AsBytes(values));
                break;
            case TensorType.F16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(blocks);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)halves[i];
                }

                break;
            case TensorType.BF16:
                ReadOnlySpan<ushort> uppers = MemoryMarshal.Cast<byte, ushort>(blocks);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = BitConverter.UInt32BitsToSingle((uint)uppers[i] << 16);
                }

                break;
            case TensorType.Q8_0:
                for (int b = 0; b < values.Length / BlockQ8_0.Columns; b++)
                {
                    BlockQ8_0.Dequantize(
                        blocks.Slice(b * BlockQ8_0.Bytes, BlockQ8_0.Bytes),
                        values.Slice(b * BlockQ8_0.Columns, BlockQ8_0.Columns));
                }

                break;
            default:
                for (int b = 0; b < values.Length / BlockQ4_0.Columns; b++)
                {
                    BlockQ4_0.Dequantize(
                        blocks.Slice(b * BlockQ4_0.Bytes, BlockQ4_0.Bytes),
                        values.Slice(b * BlockQ4_0.Columns, BlockQ4_0.Columns));
                }

                break;
        }
    }

    /// <summary>blocks = the nearest that <paramref name="type"/> can store to <paramref name="values"/>.</summary>
    /// <param name="type">A supported type.</param>
    /// <param name="values">Whole blocks of columns, finite.</param>
    /// <param name="blocks">Exactly the bytes of <paramref name="values"/>.Length columns.</param>
    public static void Quantize(TensorType type, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Check(type, blocks.Length, values.Length);
        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(blocks);
                break;
            case TensorType.F16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(blocks);
                for (int i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                }

                break;
            case TensorType.BF16:
                for (int i = 0; i < values.Length; i++)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(blocks[(2 * i)..], RoundToBF16(values[i]));
                }

                break;
            case TensorType.Q8_0:
                for (int b = 0; b < values.Length / BlockQ8_0.Columns; b++)
                {
                    BlockQ8_0.Quantize(
                        values.Slice(b * BlockQ8_0.Columns, BlockQ8_0.Columns),
                        blocks.Slice(b * BlockQ8_0.Bytes, BlockQ8_0.Bytes));
                }

                break;
            default:
                for (int b = 0; b < values.Length / BlockQ4_0.Columns; b++)
                {
                    BlockQ4_0.Quantize(
                        values.Slice(b * BlockQ4_0.Columns, BlockQ4_0.Columns),
                        blocks.Slice(b * BlockQ4_0.Bytes, BlockQ4_0.Bytes));
                }

                break;
        }
    }

    private static ushort RoundToBF16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
        {
            // Rounding could carry a NaN into infinity; the quiet bit keeps it one.
            return (ushort)((bits >> 16) | 0x40);
        }

        // To nearest, ties to even: half a unit of the last kept bit, less one unless that bit is odd.
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void Check(TensorType type, int byteCount, int columns)
    {
        if (!TensorTypes.IsSupported(type))
        {
            ThrowUnsupported(type);
        }

        long needed = TensorTypes.RowBytes(type, columns);
        if (byteCount != needed)
        {
            ThrowLength(type, columns, needed, byteCount);
        }
    }

    [DoesNotReturn]
    private static void ThrowUnsupported(TensorType type) => throw new NotSupportedException($"Tensor type {type} has no codec.");

    [DoesNotReturn]
    private static void ThrowLength(TensorType type, int columns, long needed, int found) =>
        throw new ArgumentException($"{columns} columns of {type} are {needed} bytes, not {found}.");
}
