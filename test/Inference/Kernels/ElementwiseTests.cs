using Halo.Inference.Kernels;

namespace Halo.Inference.Tests.Kernels;

/// <summary>Norms, activations and Softmax against double precision, and their independence of where the numbers lie.</summary>
public sealed class ElementwiseTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(257)]
    public void RmsNorm_AnyLength_EqualsFormula(int length)
    {
        float[] x = RandomValues(length, 1);
        float[] weight = RandomValues(length, 2);
        float[] y = new float[length];
        RmsNorm.Apply(x, weight, 1e-5f, y);

        double scale = 1 / Math.Sqrt((x.Sum(value => (double)value * value) / length) + 1e-5);
        AssertClose([.. x.Zip(weight, (value, gain) => value * scale * gain)], y);
        RmsNorm.Apply(x, weight, 1e-5f, x);
        Assert.Equal(y, x);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(257)]
    public void LayerNorm_AnyLength_EqualsFormula(int length)
    {
        float[] x = [.. RandomValues(length, 1).Select(value => value + 40)]; // a mean far larger than what is left of it
        float[] weight = RandomValues(length, 2);
        float[] bias = RandomValues(length, 3);
        float[] y = new float[length];
        LayerNorm.Apply(x, weight, bias, 1e-5f, y);

        double mean = x.Average(value => (double)value);
        double scale = 1 / Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + 1e-5);
        for (int i = 0; i < length; i++)
        {
            Assert.Equal(((x[i] - mean) * scale * weight[i]) + bias[i], y[i], 2e-5 * (1 + Math.Abs(x[i] * scale * 0.05)));
        }

        LayerNorm.Apply(x, weight, bias, 1e-5f, x);
        Assert.Equal(y, x);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(257)]
    public void Gelu_AnyLength_EqualsFormula(int length)
    {
        float[] x = [.. RandomValues(length, 1).Select(value => 4 * value)];
        float[] y = new float[length];
        Gelu.Apply(x, y);
        AssertClose([.. x.Select(value => 0.5 * value * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (value + (0.044715 * Math.Pow(value, 3))))))], y);
        Assert.Throws<ArgumentException>(() => Gelu.Apply(x, x));
    }

    [Fact]
    public void Gelu_LargeValues_PassOrVanish()
    {
        float[] y = new float[4];
        Gelu.Apply([60, -60, 1e6f, -1e6f], y);
        Assert.Equal([60, 0, 1e6f, 0], y);
    }

    [Fact]
    public void RmsNorm_ZeroRow_StaysZero()
    {
        float[] y = new float[8];
        RmsNorm.Apply(new float[8], RandomValues(8, 1), 1e-6f, y);
        Assert.Equal(new float[8], y);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(257)]
    public void SwiGlu_AnyLength_EqualsFormula(int length)
    {
        float[] gate = [.. RandomValues(length, 3).Select(value => value * 10)];
        float[] up = RandomValues(length, 4);
        float[] y = new float[length];
        SwiGlu.Apply(gate, up, y);

        AssertClose([.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)], y);
    }

    [Fact]
    public void SwiGlu_LargeGates_SaturateWithoutNaN()
    {
        float[] y = new float[5];
        SwiGlu.Apply([1e4f, -1e4f, 100f, -100f, 0f], [1f, 1f, 2f, 2f, 3f], y);

        Assert.Equal(1e4f, y[0]);
        Assert.Equal(0, y[1], 1e-30f);
        Assert.Equal(200f, y[2]);
        Assert.Equal(0, y[3], 1e-30f);
        Assert.Equal(0, y[4]);
    }

    [Fact]
    public void SwiGlu_ResultOverInput_Throws()
    {
        float[] gate = new float[8];
        Assert.Throws<ArgumentException>(() => SwiGlu.Apply(gate, new float[8], gate));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(257)]
    public void Softmax_AnyLength_EqualsFormula(int length)
    {
        float[] x = [.. RandomValues(length, 5).Select(value => value * 20)];
        double largest = x.Max();
        double sum = x.Sum(value => Math.Exp(value - largest));
        double[] expected = [.. x.Select(value => Math.Exp(value - largest) / sum)];
        Softmax.InPlace(x);

        AssertClose(expected, x);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public void Softmax_HugeLogits_StayFinite(int length)
    {
        float[] x = new float[length];
        Array.Fill(x, -3e38f);
        x[0] = 3e38f;
        x[1] = 3e38f;
        x[2] = float.NegativeInfinity;
        Softmax.InPlace(x);

        Assert.Equal([0.5f, 0.5f, 0], x[..3]);
        Assert.All(x[2..], value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Softmax_PoisonedLogit_ShowsAsNaN(float poison)
    {
        float[] x = RandomValues(20, 6);
        x[7] = poison;
        Softmax.InPlace(x);
        Assert.Contains(x, float.IsNaN);
    }

    [Fact]
    public void Softmax_Empty_IsLeftAlone() => Softmax.InPlace([]);

    [Fact]
    public void All_AtAnyAddressAndNeighbourhood_GiveTheSameBits()
    {
        const int Length = 150;
        float[] x = RandomValues(Length, 8);
        float[] weight = RandomValues(Length, 9);
        float[]? expected = null;
        for (int offset = 0; offset < 17; offset++)
        {
            float[] room = new float[Length + 40];
            Array.Fill(room, float.NaN);
            Span<float> place = room.AsSpan(offset, Length);
            x.CopyTo(place);
            float[] swiGlu = new float[Length];
            SwiGlu.Apply(place, weight, swiGlu);
            float[] norm = new float[Length];
            RmsNorm.Apply(place, weight, 1e-5f, norm);
            Softmax.InPlace(place);
            float[] results = [.. swiGlu, .. norm, .. place];
            expected ??= results;
            Assert.Equal(expected, results);
        }
    }

    private static float[] RandomValues(int length, int seed)
    {
        float[] values = new float[length];
        ProductCase.Fill(values, new Random(seed));
        return values;
    }

    // 2e-6: a few f32 roundings and the few units that the vectorised exponential may be off.
    private static void AssertClose(double[] expected, float[] found)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], Math.Max(1e-30, 2e-6 * Math.Max(Math.Abs(expected[i]), 1e-3)));
        }
    }
}
