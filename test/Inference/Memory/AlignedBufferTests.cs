using Halo.Inference.Memory;

namespace Halo.Inference.Tests.Memory;

public sealed unsafe class AlignedBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Constructor_AnyLength_IsAlignedAndZero(int length)
    {
        using AlignedBuffer<float> buffer = new(length);

        Assert.Equal(0, (nint)buffer.Pointer % 64);
        Assert.False(buffer.Pointer == null);
        Assert.Equal(length, buffer.Length);
        Assert.Equal(new float[length], buffer.Span.ToArray());
    }

    [Fact]
    public void Slice_InsideAndOutside_IsCheckedAgainstLength()
    {
        using AlignedBuffer<int> buffer = new(10);
        buffer.Span[7] = 5;

        Assert.Equal([5, 0, 0], buffer.Slice(7, 3).ToArray());
        Assert.Empty(buffer.Slice(10, 0).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(8, 3).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(-1, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(0, -1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(long.MaxValue, 1).Length);
    }

    [Fact]
    public void Dispose_Twice_LeavesAnEmptyBuffer()
    {
        AlignedBuffer<byte> buffer = new(10);
        buffer.Dispose();
        buffer.Dispose();

        Assert.Equal(0, buffer.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(0, 1).Length);
    }

    [Fact]
    public void Constructor_NegativeLength_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => new AlignedBuffer<byte>(-1));
}
