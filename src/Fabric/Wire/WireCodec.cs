using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Halo.Fabric.Wire;

/// <summary>Turns partial sums into bytes and back. Little endian; allocates nothing.</summary>
public static class WireCodec
{
    private const int BlockElements = 32;
    private const int BlockBytes = sizeof(float) + BlockElements;

    /// <summary>Bytes that a number of elements takes.</summary>
    public static int ByteCount(WireType type, int elements) => type switch
    {
        WireType.F32 => elements * sizeof(float),
        WireType.F16 => elements * 2,
        WireType.Q8 => elements / BlockElements * BlockBytes
            + (elements % BlockElements == 0 ? 0 : sizeof(float) + elements % BlockElements),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Writes <paramref name="values"/> to the first <see cref="ByteCount"/> bytes.</summary>
    public static void Encode(WireType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        bytes = bytes[..ByteCount(type, values.Length)];
        switch (type)
        {
            case WireType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case WireType.F16:
                TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(bytes));
                break;
            default:
                EncodeBlocks(values, bytes);
                break;
        }
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; <paramref name="bytes"/> has exactly <see cref="ByteCount"/> bytes.</summary>
    public static void Decode(WireType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, ByteCount(type, values.Length), nameof(bytes));
        switch (type)
        {
            case WireType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                break;
            case WireType.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
                break;
            default:
                DecodeBlocks(bytes, values);
                break;
        }
    }

    /// <summary>Encodes a board's own sum, and reads back what the others will read, so that every board adds the same bits.</summary>
    /// <param name="type">How elements travel.</param>
    /// <param name="values">The sum; rounded to the wire type when this returns.</param>
    /// <param name="bytes">Takes the encoding; at least <see cref="ByteCount"/> of it.</param>
    /// <returns>The encoding.</returns>
    internal static Span<byte> Round(WireType type, Span<float> values, Span<byte> bytes)
    {
        bytes = bytes[..ByteCount(type, values.Length)];
        Encode(type, values, bytes);
        if (type != WireType.F32)
        {
            Decode(type, bytes, values);
        }

        return bytes;
    }

    // q = round(x * 127 / largest magnitude), scale = largest magnitude / 127; a block of zeros has scale 0.
    private static void EncodeBlocks(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        while (!values.IsEmpty)
        {
            ReadOnlySpan<float> block = values[..Math.Min(BlockElements, values.Length)];
            float largest = MathF.Abs(TensorPrimitives.MaxMagnitude(block));
            float scale = largest / sbyte.MaxValue;
            float inverse = scale > 0 ? 1 / scale : 0;
            MemoryMarshal.Write(bytes, scale);
            Span<sbyte> quants = MemoryMarshal.Cast<byte, sbyte>(bytes.Slice(sizeof(float), block.Length));
            for (int i = 0; i < block.Length; i++)
            {
                quants[i] = (sbyte)Math.Clamp(MathF.Round(block[i] * inverse), -sbyte.MaxValue, sbyte.MaxValue);
            }

            values = values[block.Length..];
            bytes = bytes[(sizeof(float) + block.Length)..];
        }
    }

    private static void DecodeBlocks(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        while (!values.IsEmpty)
        {
            Span<float> block = values[..Math.Min(BlockElements, values.Length)];
            float scale = MemoryMarshal.Read<float>(bytes);
            ReadOnlySpan<sbyte> quants = MemoryMarshal.Cast<byte, sbyte>(bytes.Slice(sizeof(float), block.Length));
            for (int i = 0; i < block.Length; i++)
            {
                block[i] = scale * quants[i];
            }

            values = values[block.Length..];
            bytes = bytes[(sizeof(float) + block.Length)..];
        }
    }
}
