namespace Halo.Inference.Gguf;

/// <summary>Write-only view of a stream that takes a fixed number of bytes and no more. Leaves the stream open.</summary>
internal sealed class BoundedWriteStream(Stream target, long capacity) : Stream
{
    private long _position;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => capacity;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length > capacity - _position)
        {
            throw new InvalidOperationException($"{buffer.Length:N0} bytes at {_position:N0} exceed the tensor's {capacity:N0} bytes.");
        }

        target.Write(buffer);
        _position += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
