using System.Buffers.Binary;
using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Kernels;

public sealed unsafe class MatMulTests
{
    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_EveryLength_EqualsOracle(string tier, TensorType type)
    {
        int block = TensorTypes.BlockColumns(type);
        int most = block == 1 ? 131 : 9;
        for (int blocks = 0; blocks <= most; blocks++)
        {
            using ProductCase product = new(type, rows: 3, columns: blocks * block, tokens: 1, seed: blocks);
            float[] y = product.Multiply(KernelCases.Tier(tier));
            product.AssertEqualsOracle(product.Weights, y);
            Assert.True(blocks == 0 || y.Distinct().Count() == 3);
        }
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_EveryTokenCount_EqualsOracle(string tier, TensorType type)
    {
        for (int tokens = 0; tokens <= 9; tokens++)
        {
            using ProductCase product = new(type, rows: 5, columns: 160, tokens);
            product.AssertEqualsOracle(product.Weights, product.Multiply(KernelCases.Tier(tier)));
        }
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_StridedView_EqualsOracle(string tier, TensorType type)
    {
        // Rows and columns cut out of a wider matrix whose rows also have a gap: odd addresses for the blocks.
        using ProductCase whole = new(type, rows: 7, columns: 256, tokens: 1, gapBytes: 6);
        using ProductCase inputs = new(type, rows: 1, columns: 160, tokens: 3);
        WeightMatrix view = whole.Weights.SliceRows(2, 5).SliceColumns(96, 160);
        float[] y = new float[3 * 5];
        fixed (float* results = y)
        {
            MatMul.Multiply(KernelCases.Tier(tier), view, inputs.Inputs, results, 5, 0, 5);
        }

        inputs.AssertEqualsOracle(view, y);
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_AnyBatchAndSplit_GivesTheSameBits(string tierName, TensorType type)
    {
        KernelTier tier = KernelCases.Tier(tierName);
        int columns = type is TensorType.Q8_0 or TensorType.Q4_0 ? 224 : 219;
        using ProductCase product = new(type, rows: 11, columns, tokens: 9);
        float[] expected = product.Multiply(tier);
        using Activations some = new(9, columns);
        for (int tokens = 1; tokens <= 9; tokens++)
        {
            for (int first = 0; first + tokens <= 9; first += 3)
            {
                some.SetShape(tokens, columns);
                for (int t = 0; t < tokens; t++)
                {
                    product.Inputs.Row(first + t).CopyTo(some.Row(t));
                }

                some.Quantize(0, tokens);
                float[] y = new float[tokens * 13]; // a stride of its own
                fixed (float* results = y)
                {
                    MatMul.Multiply(tier, product.Weights, some, results, 13, 0, tokens);
                    MatMul.Multiply(tier, product.Weights, some, results, 13, tokens, 11);
                }

                for (int t = 0; t < tokens; t++)
                {
                    Assert.Equal(expected[((first + t) * 11)..((first + t + 1) * 11)], y[(t * 13)..((t * 13) + 11)]);
                }
            }
        }
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_RowRange_WritesNothingElse(string tier, TensorType type)
    {
        using ProductCase product = new(type, rows: 6, columns: 64, tokens: 5);
        float[] y = new float[5 * 6];
        Array.Fill(y, 77f);
        fixed (float* results = y)
        {
            MatMul.Multiply(KernelCases.Tier(tier), product.Weights, product.Inputs, results, 6, 2, 4);
        }

        Assert.All(Enumerable.Range(0, 30), i => Assert.Equal(i % 6 is 2 or 3, y[i] != 77f));
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_ExtremeBlockValues_DoNotSaturate(string tier, TensorType type)
    {
        if (!MatMul.NeedsQuantizedInput(type))
        {
            return;
        }

        // All weights at the lowest code, -128 or -8, all activations at -127 and then at 127.
        int lowest = type == TensorType.Q8_0 ? -128 : -8;
        byte[] row = new byte[TensorTypes.BlockBytes(type)];
        BinaryPrimitives.WriteHalfLittleEndian(row, (Half)1f);
        row.AsSpan(2).Fill((byte)(type == TensorType.Q8_0 ? lowest : 0));
        using Activations x = new(1, 32);
        x.SetShape(1, 32);
        foreach (int sign in (int[])[-1, 1])
        {
            x.Row(0).Fill(sign * 127f);
            x.Quantize(0, 1);
            float y;
            fixed (byte* data = row)
            {
                WeightMatrix w = new(data, type, 1, 32);
                MatMul.Multiply(KernelCases.Tier(tier), w, x, &y, 1, 0, 1);
            }

            Assert.Equal(32f * lowest * sign * 127, y);
        }
    }

    [Fact]
    public void Multiply_SelectedTier_EqualsThatTier()
    {
        using ProductCase product = new(TensorType.Q8_0, rows: 4, columns: 96, tokens: 2);
        float[] y = new float[8];
        fixed (float* results = y)
        {
            MatMul.Multiply(product.Weights, product.Inputs, results, 4, 0, 4);
        }

        Assert.Equal(product.Multiply(KernelSelector.Tier), y);
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_Again_AllocatesNothing(string tierName, TensorType type)
    {
        KernelTier tier = KernelCases.Tier(tierName);
        using ProductCase product = new(type, rows: 8, columns: 64, tokens: 5);
        float* y = stackalloc float[40];
        WeightMatrix w = product.Weights;
        Activations x = product.Inputs;
        MatMul.Multiply(tier, w, x, y, 8, 0, 8);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            x.SetShape(5, 64);
            x.Quantize(0, 5);
            MatMul.Multiply(tier, w, x, y, 8, 0, 8);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(-1, 2, 4)]
    [InlineData(3, 2, 4)]
    [InlineData(0, 5, 5)]
    [InlineData(0, 4, 3)] // the second token's results would overwrite the first's
    public void Multiply_RowsOutside_Throws(int firstRow, int endRow, int yStride)
    {
        using ProductCase product = new(TensorType.F32, rows: 4, columns: 8, tokens: 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => MatMul.Multiply(product.Weights, product.Inputs, null, yStride, firstRow, endRow));
    }

    [Fact]
    public void Multiply_OtherColumns_Throws()
    {
        using ProductCase product = new(TensorType.F32, rows: 4, columns: 8, tokens: 2);
        using Activations other = new(1, 9);
        other.SetShape(1, 9);
        Assert.Throws<ArgumentException>(() => MatMul.Multiply(product.Weights, other, null, 4, 0, 4));
    }
}
