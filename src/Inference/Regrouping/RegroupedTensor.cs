using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Inference.Regrouping;

/// <summary>One tensor of a regrouped model: <c>target[r, c] = source[rows[r], columns[c]]</c>.</summary>
/// <param name="Source">The tensor as it is.</param>
/// <param name="Type">Type it is written in.</param>
/// <param name="Rows">Source row of each row; null keeps them.</param>
/// <param name="Columns">Source column of each column; null keeps them. Whole blocks move together where the type stays.</param>
internal sealed record RegroupedTensor(GgufTensorInfo Source, TensorType Type, IReadOnlyList<int>? Rows, IReadOnlyList<int>? Columns)
{
    internal void Write(GgufFile file, Stream stream, CancellationToken cancellation)
    {
        float[] values = Type == Source.Type ? [] : new float[Source.Columns];
        float[] moved = new float[values.Length];
        byte[] bytes = new byte[TensorTypes.RowBytes(Type, Source.Columns)];
        for (int row = 0; row < Source.Rows; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> source = file.Row(Source, Rows?[row] ?? row);
            if (Type != Source.Type)
            {
                BlockCodec.Dequantize(Source.Type, source, values);
                BlockCodec.Quantize(Type, Columns is null ? values : Move(values, moved), bytes);
            }
            else if (Columns is null)
            {
                source.CopyTo(bytes);
            }
            else
            {
                MoveBlocks(source, bytes);
            }

            stream.Write(bytes);
        }
    }

    private float[] Move(float[] values, float[] moved)
    {
        for (int c = 0; c < moved.Length; c++)
        {
            moved[c] = values[Columns![c]];
        }

        return moved;
    }

    private void MoveBlocks(ReadOnlySpan<byte> source, Span<byte> target)
    {
        int columns = TensorTypes.BlockColumns(Type);
        int size = TensorTypes.BlockBytes(Type);
        for (int block = 0; block < target.Length / size; block++)
        {
            source.Slice(Columns![block * columns] / columns * size, size).CopyTo(target[(block * size)..]);
        }
    }
}
