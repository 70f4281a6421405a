using Halo.Inference.Kernels;

namespace Halo.Inference.Tests.Kernels;

public sealed unsafe class ActivationsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    public void SetShape_AfterALongerRow_ZeroesThePadding(int columns)
    {
        using Activations x = new(4, 200);
        x.SetShape(4, 200);
        for (int t = 0; t < 4; t++)
        {
            x.Row(t).Fill(5);
        }

        x.SetShape(3, columns);

        Assert.Equal(0, x.Stride % 64);
        Assert.InRange(x.Stride - columns, 0, 63);
        for (int t = 0; t < 3; t++)
        {
            Assert.Equal(columns, x.Row(t).Length);
            Assert.Equal(0, (nint)x.RowPointer(t) % 64);
            ReadOnlySpan<float> padding = new(x.RowPointer(t) + columns, x.Stride - columns);
            Assert.False(padding.ContainsAnyExcept(0f));
        }
    }

    [Fact]
    public void Quantize_SomeRows_LeavesTheOthers()
    {
        using Activations x = new(3, 64);
        x.SetShape(3, 64);
        for (int t = 0; t < 3; t++)
        {
            x.Row(t).Fill(t + 1);
        }

        x.Quantize(1, 2);

        Assert.Equal([0, 0, 2 / 127f, 2 / 127f, 0, 0], new Span<float>(x.ScalesPointer, 6).ToArray());
        Assert.Equal([0, 127, 0], new int[] { x.QuantizedPointer[0], x.QuantizedPointer[64], x.QuantizedPointer[128] });
    }

    [Fact]
    public void Quantize_ColumnsNotWholeBlocks_CoversTheLastBlock()
    {
        using Activations x = new(1, 33);
        x.SetShape(1, 33);
        x.Row(0)[32] = -3;
        x.Quantize(0, 1);

        Assert.Equal(-127, x.QuantizedPointer[32]);
        Assert.Equal(0, x.QuantizedPointer[33]);
    }

    [Fact]
    public void Members_OutsideTheShape_Throw()
    {
        using Activations x = new(2, 64);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Row(0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.SetShape(3, 64));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.SetShape(2, 65));
        x.SetShape(1, 64);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Quantize(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Quantize(1, 0));
    }
}
