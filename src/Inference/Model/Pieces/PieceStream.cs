using Halo.Inference.Kernels;
using Halo.Inference.Kernels.Panels;

namespace Halo.Inference.Model.Pieces;

/// <summary>The bytes of a piece, gathered from the mapped model file and laid out in panels as they are read.</summary>
internal sealed unsafe class PieceStream : Stream
{
    private readonly byte[] _header;
    private readonly PieceMatrix[] _matrices;
    private readonly WeightMatrix[] _sources;
    private readonly long _length;
    private byte[] _panel = []; // the last one that was laid out
    private (int Matrix, int Index) _panelAt = (-1, -1);
    private long _position;

    /// <param name="header">The header page.</param>
    /// <param name="matrices">Where each matrix lies in the piece.</param>
    /// <param name="sources">The same matrices in the model file, which must outlive this.</param>
    internal PieceStream(byte[] header, PieceMatrix[] matrices, WeightMatrix[] sources)
    {
        _header = header;
        _matrices = matrices;
        _sources = sources;
        _length = header.Length + PieceFormat.PayloadBytes(matrices);
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length && _position < _length)
        {
            int count = ReadRun(buffer[total..]);
            total += count;
            _position += count;
        }

        return total;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<int>(cancellationToken)
            : ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => _length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException("A piece is cut as long as it is.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A piece is cut, not written to.");

    // Bytes that lie together: of the header, of a row or of rows without gaps, or of the zeros between two matrices.
    private int ReadRun(Span<byte> target)
    {
        if (_position < _header.Length)
        {
            ReadOnlySpan<byte> rest = _header.AsSpan((int)_position);
            int count = Math.Min(rest.Length, target.Length);
            rest[..count].CopyTo(target);
            return count;
        }

        long at = _position - _header.Length;
        int index = 0;
        while (at >= _matrices[index].Offset + _matrices[index].ByteCount)
        {
            index++;
        }

        PieceMatrix matrix = _matrices[index];
        if (at < matrix.Offset)
        {
            int zeros = (int)Math.Min(matrix.Offset - at, target.Length);
            target[..zeros].Clear();
            return zeros;
        }

        return matrix.InPanels
            ? CopyPanel(index, matrix, at - matrix.Offset, target)
            : CopyMatrix(_sources[index], matrix, at - matrix.Offset, target);
    }

    private int CopyPanel(int index, in PieceMatrix matrix, long at, Span<byte> target)
    {
        int panel = (int)(at / matrix.Stride);
        if (_panelAt != (index, panel))
        {
            if (_panel.Length < matrix.Stride)
            {
                _panel = GC.AllocateUninitializedArray<byte>((int)matrix.Stride);
            }

            fixed (byte* bytes = _panel)
            {
                PanelPacker.Pack(_sources[index], panel, bytes);
            }

            _panelAt = (index, panel);
        }

        int within = (int)(at % matrix.Stride);
        int count = (int)Math.Min(matrix.Stride - within, target.Length);
        _panel.AsSpan(within, count).CopyTo(target);
        return count;
    }

    private static int CopyMatrix(in WeightMatrix source, in PieceMatrix matrix, long at, Span<byte> target)
    {
        bool together = source.RowStrideBytes == matrix.Stride;
        long run = together ? matrix.ByteCount : matrix.Stride;
        long row = at / run;
        long within = at % run;
        int count = (int)Math.Min(run - within, target.Length);
        new ReadOnlySpan<byte>(source.Data + row * source.RowStrideBytes + within, count).CopyTo(target);
        return count;
    }
}
