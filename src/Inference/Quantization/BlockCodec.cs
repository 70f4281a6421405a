using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Halo.Inference.Quantization;

/// <summary>Turns stored blocks into f32 and back, one value at a time: for loading, tests and tools, not for the token loop.</summary>
/// <remarks>Rounding is that of ggml's reference quantisers (quantize_row_*_ref), so that files agree bit for bit, but for the types of 256 columns:
/// see <see cref="SuperBlockQuantizer"/>.</remarks>
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
            default:
                DequantizeBlocks(type, blocks, values);
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
            default:
                QuantizeBlocks(type, values, blocks);
                break;
        }
    }

    private static void DequantizeBlocks(TensorType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        switch (type)
        {
            case TensorType.Q8_0:
                Dequantize<FormatQ8_0>(blocks, values);
                break;
            case TensorType.Q4_0:
                Dequantize<FormatQ4_0>(blocks, values);
                break;
            case TensorType.Q4_1:
                Dequantize<FormatQ4_1>(blocks, values);
                break;
            case TensorType.Q5_0:
                Dequantize<FormatQ5_0>(blocks, values);
                break;
            case TensorType.Q5_1:
                Dequantize<FormatQ5_1>(blocks, values);
                break;
            case TensorType.Q4_K:
                Dequantize<FormatQ4_K>(blocks, values);
                break;
            case TensorType.Q5_K:
                Dequantize<FormatQ5_K>(blocks, values);
                break;
            default:
                Dequantize<FormatQ6_K>(blocks, values);
                break;
        }
    }

    private static void QuantizeBlocks(TensorType type, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        int columns = TensorTypes.BlockColumns(type);
        int bytes = TensorTypes.BlockBytes(type);
        for (int b = 0; b < values.Length / columns; b++)
        {
            QuantizeBlock(type, values.Slice(b * columns, columns), blocks.Slice(b * bytes, bytes));
        }
    }

    private static void QuantizeBlock(TensorType type, ReadOnlySpan<float> values, Span<byte> block)
    {
        switch (type)
        {
            case TensorType.Q8_0:
                BlockQ8_0.Quantize(values, block);
                break;
            case TensorType.Q4_0:
                BlockQ4_0.Quantize(values, block);
                break;
            case TensorType.Q4_1:
                BlockQuantizer.Q4_1(values, block);
                break;
            case TensorType.Q5_0:
                BlockQuantizer.Q5_0(values, block);
                break;
            case TensorType.Q5_1:
                BlockQuantizer.Q5_1(values, block);
                break;
            case TensorType.Q4_K:
                SuperBlockQuantizer.Q4_K(values, block);
                break;
            case TensorType.Q5_K:
                SuperBlockQuantizer.Q5_K(values, block);
                break;
            default:
                SuperBlockQuantizer.Q6_K(values, block);
                break;
        }
    }

    private static unsafe void Dequantize<TFormat>(ReadOnlySpan<byte> blocks, Span<float> values)
        where TFormat : struct, IBlockFormat
    {
        uint* words = stackalloc uint[IBlockFormat.PartColumns / sizeof(uint)];
        int parts = TFormat.Columns / IBlockFormat.PartColumns;
        fixed (byte* first = blocks)
        {
            for (int p = 0; p < values.Length / IBlockFormat.PartColumns; p++)
            {
                byte* block = first + ((long)(p / parts) * TFormat.Bytes);
                int part = p % parts;
                TFormat.ReadCodes(block, part, words);
                float minimum = TFormat.ReadMinimum(block, part);
                for (int i = 0; i < IBlockFormat.PartColumns; i++)
                {
                    int code = TFormat.Bits == 8 ? ((sbyte*)words)[i] : ((byte*)words)[i];
                    float scale = TFormat.ReadScale(block, (2 * part) + (i / 16));
                    values[(p * IBlockFormat.PartColumns) + i] = (scale * (code - TFormat.Offset)) + minimum;
                }
            }
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
