using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Kernels;

public sealed unsafe class MatMulTests
{
    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_EveryLength_EqualsOracle(string tier, TensorType type, WeightLayout layout)
    {
        int block = TensorTypes.BlockColumns(type);
        int most = block switch { 1 => 131, 32 => 9, _ => 3 };
        for (int blocks = 0; blocks <= most; blocks++)
        {
            using ProductCase product = new(type, rows: 3, columns: blocks * block, tokens: 1, seed: blocks, layout: layout);
            float[] y = product.Multiply(KernelCases.Tier(tier));
            product.AssertEqualsOracle(product.FileWeights, y);
            Assert.True(blocks == 0 || y.Distinct().Count() == 3);
        }
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_EveryTokenCount_EqualsOracle(string tier, TensorType type, WeightLayout layout)
    {
        for (int tokens = 0; tokens <= 9; tokens++)
        {
            using ProductCase product = new(type, rows: 5, columns: Columns(type, 160), tokens, layout: layout);
            product.AssertEqualsOracle(product.FileWeights, product.Multiply(KernelCases.Tier(tier)));
        }
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_StridedView_EqualsOracle(string tier, TensorType type, WeightLayout layout)
    {
        if (layout != WeightLayout.File)
        {
            return; // panels are not cut
        }

        // Rows and columns cut out of a wider matrix whose rows also have a gap: odd addresses for the blocks.
        using ProductCase whole = new(type, rows: 7, columns: 3 * Columns(type, 96), tokens: 1, gapBytes: 6);
        using ProductCase inputs = new(type, rows: 1, columns: Columns(type, 160), tokens: 3);
        WeightMatrix view = whole.Weights.SliceRows(2, 5).SliceColumns(Columns(type, 96), Columns(type, 160));
        float[] y = new float[3 * 5];
        fixed (float* results = y)
        {
            MatMul.Multiply(KernelCases.Tier(tier), view, inputs.Inputs, results, 5, 0, 5);
        }

        inputs.AssertEqualsOracle(view, y);
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_AnyBatchAndSplit_GivesTheSameBits(string tierName, TensorType type, WeightLayout layout)
    {
        KernelTier tier = KernelCases.Tier(tierName);
        int columns = Columns(type, TensorTypes.IsQuantized(type) ? 224 : 219);
        using ProductCase product = new(type, rows: 11, columns, tokens: 9, layout: layout);
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
    public void Multiply_RowRange_WritesNothingElse(string tier, TensorType type, WeightLayout layout)
    {
        using ProductCase product = new(type, rows: 6, columns: Columns(type, 64), tokens: 5, layout: layout);
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
    public void Multiply_ExtremeBlockValues_DoNotSaturate(string tier, TensorType type, WeightLayout layout)
    {
        if (!TensorTypes.IsQuantized(type))
        {
            return;
        }

        // All weights at the lowest code and then at the highest, all activations at -127 and then at 127.
        int columns = Columns(type, 64);
        foreach (byte code in (byte[])[0, 0x80, 0x7F, 0xFF])
        {
            foreach (int sign in (int[])[-1, 1])
            {
                using ProductCase product = new(type, rows: 17, columns, tokens: 5, layout: layout, filler: code);
                for (int t = 0; t < 5; t++)
                {
                    product.Inputs.Row(t).Fill(sign * 127f);
                }

                product.Inputs.Quantize(0, 5);
                product.AssertEqualsOracle(product.FileWeights, product.Multiply(KernelCases.Tier(tier)));
            }
        }
    }

    [Theory]
    [ClassData(typeof(KernelCases))]
    public void Multiply_RandomShapes_EqualsOracle(string tier, TensorType type, WeightLayout layout)
    {
        Random random = new(20261122);
        for (int round = 0; round < 12; round++)
        {
            int columns = Columns(type, random.Next(1, 600));
            using ProductCase product = new(type, rows: random.Next(1, 40), columns, tokens: random.Next(1, 7), seed: round, layout: layout);
            product.AssertEqualsOracle(product.FileWeights, product.Multiply(KernelCases.Tier(tier)));
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
    public void Multiply_Again_AllocatesNothing(string tierName, TensorType type, WeightLayout layout)
    {
        KernelTier tier = KernelCases.Tier(tierName);
        using ProductCase product = new(type, rows: 8, columns: Columns(type, 64), tokens: 5, layout: layout);
        float* y = stackalloc float[40];
        WeightMatrix w = product.Weights;
        Activations x = product.Inputs;
        MatMul.Multiply(tier, w, x, y, 8, 0, 8);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            x.SetShape(5, w.Columns);
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

    // As many columns, in whole blocks.
    private static int Columns(TensorType type, int columns)
    {
        int block = TensorTypes.BlockColumns(type);
        return (columns + block - 1) / block * block;
    }
}
