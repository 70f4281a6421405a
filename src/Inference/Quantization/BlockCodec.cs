using System.Buffers.Binary;

namespace Halo.Inference.Quantization;

/// <summary>Rows of floats to and from their stored form.</summary>
public static class BlockCodec
{
    /// <summary>Stored bytes to floats.</summary>
    public static void Dequantize(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            int block = i / 32;
            destination[i] = type switch
            {
                TensorType.F32 => BinaryPrimitives.ReadSingleLittleEndian(source[(i * 4)..]),
                TensorType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(source[(i * 2)..]),
                TensorType.Q8_0 => (float)BinaryPrimitives.ReadHalfLittleEndian(source[(block * 34)..]) * (sbyte)source[block * 34 + 2 + i % 32],
                TensorType.Q4_0 => (float)BinaryPrimitives.ReadHalfLittleEndian(source[(block * 18)..])
                    * (((source[block * 18 + 2 + i % 16] >> (i % 32 < 16 ? 0 : 4)) & 15) - 8),
                _ => throw new NotSupportedException($"{type} cannot be read"),
            };
        }
    }

    /// <summary>Floats to stored bytes.</summary>
    public static void Quantize(TensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        int step = TensorTypes.BlockColumns(type);
        int bytes = TensorTypes.BlockBytes(type);
        for (int i = 0, block = 0; i < source.Length; i += step, block += bytes)
        {
            Block(type, source.Slice(i, step), destination.Slice(block, bytes));
        }
    }

    private static void Block(TensorType type, ReadOnlySpan<float> x, Span<byte> y)
    {
        float extreme = 0;
        foreach (float value in x)
        {
            extreme = MathF.Abs(value) > MathF.Abs(extreme) ? value : extreme;
        }

        float d = type == TensorType.Q8_0 ? MathF.Abs(extreme) / 127 : extreme / -8;
        float inverse = d == 0 ? 0 : 1 / d;
        switch (type)
        {
            case TensorType.F32:
                BinaryPrimitives.WriteSingleLittleEndian(y, x[0]);
                break;
            case TensorType.F16:
                BinaryPrimitives.WriteHalfLittleEndian(y, (Half)x[0]);
                break;
            case TensorType.Q8_0:
                BinaryPrimitives.WriteHalfLittleEndian(y, (Half)d);
                for (int i = 0; i < 32; i++)
                {
                    y[2 + i] = (byte)(sbyte)MathF.Round(x[i] * inverse);
                }

                break;
            case TensorType.Q4_0:
                BinaryPrimitives.WriteHalfLittleEndian(y, (Half)d);
                for (int i = 0; i < 16; i++)
                {
                    y[2 + i] = (byte)(Math.Min(15, (int)(x[i] * inverse + 8.5f)) | (Math.Min(15, (int)(x[i + 16] * inverse + 8.5f)) << 4));
                }

                break;
            default:
                throw new NotSupportedException($"{type} cannot be written");
        }
    }
}
