using Halo.Inference.Kernels;
using Halo.Inference.Memory;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// A shard's part of a matrix. Rows are a run of the mapped file and stay there; columns are a stripe through every row and are copied
/// together, unless they are all there are or lie together already, as in a piece file.
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

    /// <summary>Takes a view as it is; what it lies in must outlive it.</summary>
    /// <param name="view">The matrix.</param>
    /// <param name="ownColumn">Where the shard's own columns start.</param>
    internal static SlicedMatrix Over(in WeightMatrix view, int ownColumn) => new(view, ownColumn, null);

    /// <summary>Takes a view as it is, or copies it together where its rows lie apart.</summary>
    /// <param name="view">The cut part of the tensor.</param>
    /// <param name="cut">Which part it is.</param>
    internal static SlicedMatrix Of(in WeightMatrix view, in MatrixCut cut)
    {
        long rowBytes = TensorTypes.RowBytes(view.Type, view.Columns);
        if (view.RowStrideBytes == rowBytes)
        {
            return new SlicedMatrix(view, cut.OwnColumn, null);
        }

        AlignedBuffer<byte> copy = new(rowBytes * view.Rows);
        for (int row = 0; row < view.Rows; row++)
        {
            Buffer.MemoryCopy(view.Data + row * view.RowStrideBytes, copy.Pointer + row * rowBytes, rowBytes, rowBytes);
        }

        return new SlicedMatrix(new WeightMatrix(copy.Pointer, view.Type, view.Rows, view.Columns, rowBytes), cut.OwnColumn, copy);
    }

    public void Dispose() => _copy?.Dispose();
}
