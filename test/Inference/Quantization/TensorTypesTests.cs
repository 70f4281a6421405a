using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Quantization;

public sealed class TensorTypesTests
{
    // Columns and bytes of ggml's block structures.
    [Theory]
    [InlineData(TensorType.F32, 1, 4)]
    [InlineData(TensorType.F16, 1, 2)]
    [InlineData(TensorType.BF16, 1, 2)]
    [InlineData(TensorType.Q4_0, 32, 18)]
    [InlineData(TensorType.Q4_1, 32, 20)]
    [InlineData(TensorType.Q5_0, 32, 22)]
    [InlineData(TensorType.Q5_1, 32, 24)]
    [InlineData(TensorType.Q8_0, 32, 34)]
    [InlineData(TensorType.Q2_K, 256, 84)]
    [InlineData(TensorType.Q3_K, 256, 110)]
    [InlineData(TensorType.Q4_K, 256, 144)]
    [InlineData(TensorType.Q5_K, 256, 176)]
    [InlineData(TensorType.Q6_K, 256, 210)]
    [InlineData(TensorType.Q8_K, 256, 292)]
    public void BlockBytes_KnownType_IsThatOfTheFileFormat(TensorType type, int columns, int bytes)
    {
        Assert.True(TensorTypes.IsKnown(type));
        Assert.Equal(columns, TensorTypes.BlockColumns(type));
        Assert.Equal(bytes, TensorTypes.BlockBytes(type));
        Assert.Equal(3L * bytes, TensorTypes.RowBytes(type, 3L * columns));
    }

    [Fact]
    public void IsKnown_EveryListedType_IsTrue() => Assert.All(Enum.GetValues<TensorType>(), type => Assert.True(TensorTypes.IsKnown(type)));

    [Theory]
    [InlineData(4u)]
    [InlineData(31u)]
    [InlineData(uint.MaxValue)]
    public void BlockBytes_UnknownType_Throws(uint id)
    {
        Assert.False(TensorTypes.IsKnown((TensorType)id));
        Assert.False(TensorTypes.IsSupported((TensorType)id));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorTypes.BlockBytes((TensorType)id));
    }

    [Theory]
    [InlineData(TensorType.Q8_0, 33)]
    [InlineData(TensorType.Q4_K, 32)]
    [InlineData(TensorType.F32, -1)]
    public void RowBytes_NotWholeBlocks_Throws(TensorType type, long columns) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorTypes.RowBytes(type, columns));

    [Fact]
    public void RowBytes_BeyondLong_Throws() => Assert.Throws<OverflowException>(() => TensorTypes.RowBytes(TensorType.F32, long.MaxValue));
}
