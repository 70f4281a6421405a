using Halo.Inference.Quantization;
using Halo.Inference.Sampling;

namespace Halo.Inference.RandomModels;

/// <summary>One tensor of a random model.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Index">Its place among the tensors: its weights depend on it and on the seed.</param>
/// <param name="Rows">Rows; one for a norm.</param>
/// <param name="Columns">Elements of a row, whole blocks.</param>
/// <param name="Type">Type it is written in.</param>
/// <param name="Deviation">Standard deviation of its weights; 0 makes it a norm: all ones, of one dimension.</param>
internal sealed record RandomTensor(string Name, int Index, int Rows, int Columns, TensorType Type, double Deviation)
{
    private const int BatchBytes = 4 << 20; // written at once: enough rows for all cores, little memory

    internal IReadOnlyList<long> Dimensions => Deviation == 0 ? [Columns] : [Columns, Rows];

    internal long Bytes => Rows * TensorTypes.RowBytes(Type, Columns);

    /// <summary>Writes the tensor, row by row in order, while all cores make rows.</summary>
    internal void Write(ulong seed, Stream stream, Action<long> written, CancellationToken cancellation)
    {
        int rowBytes = checked((int)TensorTypes.RowBytes(Type, Columns));
        int batchRows = Math.Clamp(BatchBytes / rowBytes, 1, Rows);
        byte[] batch = new byte[batchRows * rowBytes];
        ParallelOptions options = new() { CancellationToken = cancellation };
        for (int first = 0; first < Rows; first += batchRows)
        {
            int start = first;
            int count = Math.Min(batchRows, Rows - first);
            Parallel.For(0, count, options, () => new float[Columns], (row, _, values) =>
            {
                Fill(values, batch.AsSpan(row * rowBytes, rowBytes), seed, start + row);
                return values;
            }, _ => { });
            stream.Write(batch, 0, count * rowBytes);
            written(count * (long)rowBytes);
        }
    }

    // Each row has a sequence of its own, so rows may be made in any order. Seeds go through xoshiro's own mixing: neighbours share nothing.
    private void Fill(float[] values, Span<byte> bytes, ulong seed, int row)
    {
        if (Deviation == 0)
        {
            values.AsSpan().Fill(1);
            BlockCodec.Quantize(Type, values, bytes);
            return;
        }

        Xoshiro256 tensor = new(seed + ((ulong)Index << 32));
        Xoshiro256 random = new(tensor.NextUInt64() + (ulong)row);
        if (RandomBlocks.Has(Type))
        {
            RandomBlocks.Fill(Type, bytes, Deviation, random);
            return;
        }

        NormalValues.Fill(values, Deviation, random);
        BlockCodec.Quantize(Type, values, bytes);
    }
}
