using System.Runtime.Intrinsics;
using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Quantization;

public sealed unsafe class ActivationQuantizerTests
{
    [Fact]
    public void Quantize_RandomBlocks_StaysWithinHalfAStepAndBounds()
    {
        Random random = new(2);
        for (int round = 0; round < 300; round++)
        {
            float[] x = [.. Enumerable.Range(0, 32).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, round % 60 - 30)))];
            (float scale, sbyte[] q) = Quantize(x);

            Assert.True(scale > 0);
            for (int i = 0; i < 32; i++)
            {
                Assert.InRange(q[i], -127, 127);
                Assert.InRange(Math.Abs(x[i] - ((double)scale * q[i])), 0, 0.50001 * scale);
            }

            Assert.Contains(q, value => Math.Abs((int)value) == 127);
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1e-40f)] // subnormal
    [InlineData(1e-36f)] // its scale would be subnormal
    public void Quantize_NegligibleBlock_HasScaleZero(float value)
    {
        (float scale, sbyte[] q) = Quantize([.. Enumerable.Repeat(-value, 32)]);

        Assert.Equal(0, scale);
        Assert.Equal(new sbyte[32], q);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Quantize_PoisonedBlock_HasPoisonedScaleAndNoMinus128(float poison)
    {
        float[] x = new float[32];
        x[5] = poison;
        x[6] = -1;
        (float scale, sbyte[] q) = Quantize(x);

        Assert.False(float.IsFinite(scale));
        Assert.DoesNotContain((sbyte)-128, q);
    }

    [Fact]
    public void Quantize_ScalarAndVector_GiveTheSameBits()
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return;
        }

        Random random = new(3);
        float* x = stackalloc float[32];
        sbyte* scalar = stackalloc sbyte[32];
        sbyte* vector = stackalloc sbyte[32];
        for (int round = 0; round < 300; round++)
        {
            for (int i = 0; i < 32; i++)
            {
                x[i] = random.Next(-254, 255) / 2f; // many ties
            }

            Assert.Equal(ActivationQuantizer.QuantizeScalar(x, scalar), ActivationQuantizer.QuantizeVector128(x, vector));
            Assert.Equal(new Span<sbyte>(scalar, 32).ToArray(), new Span<sbyte>(vector, 32).ToArray());
        }
    }

    private static (float Scale, sbyte[] Q) Quantize(float[] values)
    {
        sbyte[] quantized = new sbyte[32];
        float scale;
        float* marks = stackalloc float[Activations.MarksPerBlock];
        fixed (float* x = values)
        fixed (sbyte* q = quantized)
        {
            ActivationQuantizer.Quantize(x, q, &scale, marks, 1);
        }

        Assert.Equal(scale, marks[Activations.ScaleMark]);
        if (float.IsFinite(scale))
        {
            Assert.Equal(scale * quantized.Sum(code => code), marks[Activations.SumMark]);
            Assert.Equal(scale * quantized[..16].Sum(code => code), marks[Activations.LowSumMark]);
            Assert.Equal(scale * quantized[16..].Sum(code => code), marks[Activations.HighSumMark]);
        }

        return (scale, quantized);
    }
}
