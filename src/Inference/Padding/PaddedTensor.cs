using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Inference.Padding;

/// <summary>One tensor of a padded model: <c>target[r, c] = scale * source[rows[r], columns[c]]</c>, zero where a map says -1.</summary>
/// <param name="Name">Name in the padded file.</param>
/// <param name="Source">Tensor it comes from; null fills it with <paramref name="Fill"/>.</param>
/// <param name="Rows">Source row of each target row.</param>
/// <param name="Columns">Source column of each target column.</param>
/// <param name="Scale">Factor on every element.</param>
/// <param name="Type">Type it is written in.</param>
/// <param name="Fill">Every element where there is no source.</param>
/// <param name="IsVector">Whether the file has it with one dimension.</param>
internal sealed record PaddedTensor(
    string Name, GgufTensorInfo? Source, int[] Rows, int[] Columns, float Scale, TensorType Type, float Fill = 0, bool IsVector = false)
{
    internal IReadOnlyList<long> Dimensions => IsVector ? [Columns.Length] : [Columns.Length, Rows.Length];

    internal void Write(GgufFile file, Stream stream, CancellationToken cancellation)
    {
        float[] row = new float[Columns.Length];
        float[] sourceRow = new float[Source?.Columns ?? 0];
        byte[] bytes = new byte[TensorTypes.RowBytes(Type, row.Length)];
        byte[] emptyRow = new byte[bytes.Length]; // most rows of a padded model are this one, encoded once
        row.AsSpan().Fill(Fill);
        BlockCodec.Quantize(Type, row, emptyRow);
        foreach (int source in Rows)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Source is null || source < 0)
            {
                stream.Write(emptyRow);
                continue;
            }

            BlockCodec.Dequantize(Source.Type, file.Row(Source, source), sourceRow);
            for (int c = 0; c < row.Length; c++)
            {
                row[c] = Columns[c] < 0 ? 0 : sourceRow[Columns[c]] * Scale;
            }

            BlockCodec.Quantize(Type, row, bytes);
            stream.Write(bytes);
        }
    }
}
