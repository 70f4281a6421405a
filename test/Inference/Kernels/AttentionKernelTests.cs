using Halo.Inference.Kernels;
using Halo.Inference.Tests.Memory;

namespace Halo.Inference.Tests.Kernels;

public sealed unsafe class AttentionKernelTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 5)]
    [InlineData(48, 33)]
    [InlineData(64, 17)]
    [InlineData(67, 3)]
    public void Scores_StridedKeys_EqualOracle(int headDim, int count)
    {
        using GuardedMemory cache = Cache(headDim, count, out int stride);
        float* keys = (float*)cache.Pointer;
        float[] query = RandomValues(headDim, 1);
        float[] scores = [.. Enumerable.Repeat(9f, count + 1)];
        AttentionKernel.Scores(query, keys, stride, count, 0.125f, scores);

        for (int j = 0; j < count; j++)
        {
            double expected = 0;
            for (int d = 0; d < headDim; d++)
            {
                expected += 0.125 * query[d] * keys[(j * stride) + d];
            }

            Assert.Equal(expected, scores[j], 1e-5);
        }

        Assert.Equal(9f, scores[count]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 5)]
    [InlineData(48, 33)]
    [InlineData(64, 17)]
    [InlineData(67, 3)]
    public void Accumulate_StridedValues_EqualOracle(int headDim, int count)
    {
        using GuardedMemory cache = Cache(headDim, count, out int stride);
        float* values = (float*)cache.Pointer;
        float[] weights = RandomValues(count, 2);
        float[] output = RandomValues(headDim, 3);
        float[] start = [.. output];
        AttentionKernel.Accumulate(weights, values, stride, headDim, output);

        for (int d = 0; d < headDim; d++)
        {
            double expected = start[d];
            for (int j = 0; j < count; j++)
            {
                expected += (double)weights[j] * values[(j * stride) + d];
            }

            Assert.Equal(expected, output[d], 1e-5);
        }
    }

    [Fact]
    public void Accumulate_InTwoPieces_GivesTheSameBits()
    {
        using GuardedMemory cache = Cache(67, 20, out int stride);
        float* values = (float*)cache.Pointer;
        float[] weights = RandomValues(20, 4);
        float[] whole = new float[67];
        float[] pieces = new float[67];
        AttentionKernel.Accumulate(weights, values, stride, 67, whole);
        AttentionKernel.Accumulate(weights.AsSpan(0, 7), values, stride, 67, pieces);
        AttentionKernel.Accumulate(weights.AsSpan(7), values + (7 * stride), stride, 67, pieces);

        Assert.Equal(whole, pieces);
    }

    [Fact]
    public void Both_BadShapes_Throw()
    {
        Assert.Throws<ArgumentException>(() => AttentionKernel.Scores(new float[8], null, 8, 3, 1, new float[2]));
        Assert.Throws<ArgumentException>(() => AttentionKernel.Scores(new float[8], null, 7, 2, 1, new float[2]));
        Assert.Throws<ArgumentException>(() => AttentionKernel.Accumulate(new float[2], null, 8, 8, new float[9]));
        Assert.Throws<ArgumentException>(() => AttentionKernel.Accumulate(new float[2], null, 7, 8, new float[8]));
    }

    // (count, headDim) values with a stride of headDim + 3, ending at an unreadable page; NaN in the gaps.
    private static GuardedMemory Cache(int headDim, int count, out int stride)
    {
        stride = headDim + 3;
        int length = ((count - 1) * stride) + headDim;
        GuardedMemory memory = new(length * sizeof(float));
        Span<float> cells = new(memory.Pointer, length);
        cells.Fill(float.NaN);
        Random random = new(5);
        for (int j = 0; j < count; j++)
        {
            ProductCase.Fill(cells.Slice(j * stride, headDim), random);
        }

        return memory;
    }

    private static float[] RandomValues(int length, int seed)
    {
        float[] values = new float[length];
        ProductCase.Fill(values, new Random(seed));
        return values;
    }
}
