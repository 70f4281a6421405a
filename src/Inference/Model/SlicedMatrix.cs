using Halo.Inference.Kernels;
using Halo.Inference.Memory;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// A shard's piece of a matrix. Rows are a run of the mapped file and stay there; columns are a stripe through every row and are copied
/// together, unless the piece is the whole matrix.
/// </summary>
internal sealed unsafe class SlicedMatrix : IDisposable
{
    private readonly AlignedBuffer<byte>? _copy;

    private SlicedMatrix(WeightMatrix matrix, int offset, AlignedBuffer<byte>? copy)
    {
        Matrix = matrix;
        Offset = offset;
        _copy = copy;
    }

    internal WeightMatrix Matrix { get; }

    /// <summary>Where the shard's own columns start within <see cref="Matrix"/>: above 0 where a covering block begins before them.</summary>
    internal int Offset { get; }

    internal long CopiedBytes => _copy?.Length ?? 0;

    internal static SlicedMatrix OfRows(in WeightMatrix whole, int first, int count) => new(whole.SliceRows(first, count), 0, null);

    internal static SlicedMatrix OfColumns(in WeightMatrix whole, int first, int count)
    {
        (int coverFirst, int coverCount) = Cover(whole.Type, whole.Columns, first, count);
        WeightMatrix stripe = whole.SliceColumns(coverFirst, coverCount);
        if (coverCount == whole.Columns)
        {
            return new SlicedMatrix(stripe, first - coverFirst, null);
        }

        long rowBytes = TensorTypes.RowBytes(whole.Type, coverCount);
        AlignedBuffer<byte> copy = new(rowBytes * whole.Rows);
        for (int row = 0; row < whole.Rows; row++)
        {
            Buffer.MemoryCopy(stripe.Data + row * stripe.RowStrideBytes, copy.Pointer + row * rowBytes, rowBytes, rowBytes);
        }

        return new SlicedMatrix(new WeightMatrix(copy.Pointer, whole.Type, whole.Rows, coverCount, rowBytes), first - coverFirst, copy);
    }

    /// <summary>The smallest run of whole quantisation blocks that covers columns [first, first + count).</summary>
    internal static (int First, int Count) Cover(TensorType type, int columns, int first, int count)
    {
        int block = TensorTypes.BlockColumns(type);
        int coverFirst = first / block * block;
        int coverEnd = Math.Min(columns, (first + count + block - 1) / block * block);
        return (coverFirst, coverEnd - coverFirst);
    }

    public void Dispose() => _copy?.Dispose();
}
