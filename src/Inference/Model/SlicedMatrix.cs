using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;
using Halo.Inference.Memory;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>
/// A shard's part of a matrix. It is laid out anew in panels, or stays in the mapped file: there rows are a run, while columns are a stripe
/// through every row and are copied together, unless they are all there are.
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

    /// <summary>Takes a view as it is, or copies it: into panels if asked for and its type has them, else together where its rows lie apart.</summary>
    /// <param name="view">The cut part of the tensor.</param>
    /// <param name="cut">Which part it is.</param>
    /// <param name="repack">Whether panels are wanted.</param>
    internal static SlicedMatrix Of(in WeightMatrix view, in MatrixCut cut, bool repack)
    {
        if (repack && PanelLayout.Has(view.Type))
        {
            return Repack(view, cut);
        }

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

    private static SlicedMatrix Repack(WeightMatrix view, in MatrixCut cut)
    {
        long panelBytes = PanelLayout.PanelBytes(view.Type, view.Columns);
        AlignedBuffer<byte> copy = new(PanelLayout.MatrixBytes(view.Type, view.Rows, view.Columns));
        byte* target = copy.Pointer;
        Parallel.For(0, (int)(copy.Length / panelBytes), panel => PanelPacker.Pack(view, panel, target + panel * panelBytes));
        return new SlicedMatrix(WeightMatrix.OfPanels(target, view.Type, view.Rows, view.Columns), cut.OwnColumn, copy);
    }

    public void Dispose() => _copy?.Dispose();
}
