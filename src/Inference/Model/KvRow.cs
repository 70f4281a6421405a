using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// One key or value as bytes, the form in which KV also travels: f16 scales of every 32 elements where the type has them, then the elements;
/// little endian, without padding.
/// </summary>
internal static unsafe class KvRow
{
    private const int Positions = KvLayout.BlockPositions;

    /// <summary>row = x in the layout's type; f16 saturates (see <see cref="HalfEncoder"/>).</summary>
    internal static void Encode(KvLayout layout, ReadOnlySpan<float> x, Span<byte> row)
    {
        switch (layout.Type)
        {
            case KvType.F32:
                MemoryMarshal.AsBytes(x).CopyTo(row);
                break;
            case KvType.F16:
                HalfEncoder.Encode(x, MemoryMarshal.Cast<byte, ushort>(row));
                break;
            default:
                EncodeBytes(layout, x, row);
                break;
        }
    }

    /// <summary>x = what a row stands for.</summary>
    internal static void Decode(KvLayout layout, ReadOnlySpan<byte> row, Span<float> x)
    {
        ReadOnlySpan<byte> elements = row[ElementsAt(layout)..];
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = layout.Type switch
            {
                KvType.F32 => BinaryPrimitives.ReadSingleLittleEndian(elements[(4 * i)..]),
                KvType.F16 => HalfBits.ToSingle(BinaryPrimitives.ReadUInt16LittleEndian(elements[(2 * i)..])),
                _ => HalfBits.ToSingle(BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * (i / KvLayout.GroupElements))..])) * (sbyte)elements[i],
            };
        }
    }

    /// <summary>Puts the key and the value of one position into a block.</summary>
    internal static void Put(KvLayout layout, byte* block, int index, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> elements = key[ElementsAt(layout)..];
        switch (layout.ElementBytes)
        {
            case 1:
                Scatter(elements, block, index);
                break;
            case 2:
                Scatter(MemoryMarshal.Cast<byte, ushort>(elements), (ushort*)block, index);
                break;
            default:
                Scatter(MemoryMarshal.Cast<byte, float>(elements), (float*)block, index);
                break;
        }

        Scatter(Scales(layout, key), (ushort*)(block + layout.KeyScales), index);
        Span<byte> stored = ValueElements(layout, block, index);
        value[ElementsAt(layout)..].CopyTo(stored);
        stored[(layout.HeadDim * layout.ElementBytes)..].Clear();
        Scatter(Scales(layout, value), (ushort*)(block + layout.ValueScales), index);
    }

    /// <summary>Takes them out again.</summary>
    internal static void Get(KvLayout layout, byte* block, int index, Span<byte> key, Span<byte> value)
    {
        Span<byte> elements = key[ElementsAt(layout)..];
        switch (layout.ElementBytes)
        {
            case 1:
                Gather(block, index, elements);
                break;
            case 2:
                Gather((ushort*)block, index, MemoryMarshal.Cast<byte, ushort>(elements));
                break;
            default:
                Gather((float*)block, index, MemoryMarshal.Cast<byte, float>(elements));
                break;
        }

        Gather((ushort*)(block + layout.KeyScales), index, Scales(layout, key));
        ValueElements(layout, block, index)[..(layout.HeadDim * layout.ElementBytes)].CopyTo(value[ElementsAt(layout)..]);
        Gather((ushort*)(block + layout.ValueScales), index, Scales(layout, value));
    }

    private static int ElementsAt(KvLayout layout) => layout.RowBytes - (layout.HeadDim * layout.ElementBytes);

    private static ReadOnlySpan<ushort> Scales(KvLayout layout, ReadOnlySpan<byte> row) => MemoryMarshal.Cast<byte, ushort>(row[..ElementsAt(layout)]);

    private static Span<ushort> Scales(KvLayout layout, Span<byte> row) => MemoryMarshal.Cast<byte, ushort>(row[..ElementsAt(layout)]);

    private static Span<byte> ValueElements(KvLayout layout, byte* block, int index)
    {
        int bytes = layout.PaddedDim * layout.ElementBytes;
        return new Span<byte>(block + layout.Values + ((long)index * bytes), bytes);
    }

    // The largest of a group becomes 127 or -127. The bytes follow the scale as it is stored, so that its rounding costs nothing.
    private static void EncodeBytes(KvLayout layout, ReadOnlySpan<float> x, Span<byte> row)
    {
        Span<ushort> scales = Scales(layout, row);
        Span<byte> elements = row[ElementsAt(layout)..];
        for (int group = 0; group < scales.Length; group++)
        {
            int first = group * KvLayout.GroupElements;
            int end = Math.Min(first + KvLayout.GroupElements, x.Length);
            scales[group] = HalfEncoder.Encode(MathF.Abs(TensorPrimitives.MaxMagnitude(x[first..end])) / 127f);
            float scale = HalfBits.ToSingle(scales[group]);
            float inverse = scale == 0 ? 0 : 1 / scale;
            for (int i = first; i < end; i++)
            {
                elements[i] = (byte)(sbyte)Math.Clamp(MathF.Round(x[i] * inverse), -127f, 127f);
            }
        }
    }

    private static void Scatter<T>(ReadOnlySpan<T> elements, T* column, int index)
        where T : unmanaged
    {
        T* at = column + index;
        foreach (T element in elements)
        {
            *at = element;
            at += Positions;
        }
    }

    private static void Gather<T>(T* column, int index, Span<T> elements)
        where T : unmanaged
    {
        T* at = column + index;
        foreach (ref T element in elements)
        {
            element = *at;
            at += Positions;
        }
    }
}
