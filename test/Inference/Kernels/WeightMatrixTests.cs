using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Kernels;

public sealed unsafe class WeightMatrixTests
{
    [Fact]
    public void Slice_RowsAndColumns_MovesDataAndKeepsStride()
    {
        WeightMatrix whole = new((byte*)1000, TensorType.Q8_0, 4, 96);
        WeightMatrix part = whole.SliceRows(1, 2).SliceColumns(64, 32);

        Assert.Equal(102, whole.RowStrideBytes);
        Assert.Equal(1000 + 102 + 68, (nint)part.Data);
        Assert.Equal((2, 32, 102L), (part.Rows, part.Columns, part.RowStrideBytes));
    }

    [Theory]
    [InlineData(16, 32)]
    [InlineData(32, 16)]
    [InlineData(64, 64)]
    [InlineData(-32, 32)]
    public void SliceColumns_NotWholeBlocksOrOutside_Throws(int first, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightMatrix(null, TensorType.Q4_0, 4, 96).SliceColumns(first, count));

    [Theory]
    [InlineData(3, 2)]
    [InlineData(-1, 2)]
    [InlineData(0, int.MaxValue)]
    public void SliceRows_Outside_Throws(int first, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightMatrix(null, TensorType.F32, 4, 8).SliceRows(first, count));

    [Fact]
    public void Constructor_ShortStrideOrUnsupportedType_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightMatrix(null, TensorType.F32, 4, 8, 31));
        Assert.Throws<NotSupportedException>(() => new WeightMatrix(null, TensorType.Q3_K, 4, 256));
    }
}
