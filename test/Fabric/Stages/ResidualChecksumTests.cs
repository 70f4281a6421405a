using System.Runtime.InteropServices;
using Halo.Fabric.Stages;

namespace Halo.Fabric.Tests.Stages;

public sealed class ResidualChecksumTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(29)]
    public void Of_AnyBitChanged_Differs(int length)
    {
        float[] values = Values(length);
        HashSet<ulong> seen = [ResidualChecksum.Of(values)];
        for (int bit = 0; bit < 32 * length; bit++)
        {
            float[] changed = [.. values];
            MemoryMarshal.Cast<float, int>(changed.AsSpan())[bit / 32] ^= 1 << (bit % 32);
            Assert.True(seen.Add(ResidualChecksum.Of(changed)), $"Bit {bit} of {length} floats does not matter.");
        }
    }

    [Fact]
    public void Of_AnyTwoValuesExchanged_Differs()
    {
        float[] values = Values(24);
        HashSet<ulong> seen = [ResidualChecksum.Of(values)];
        for (int i = 0; i < values.Length; i++)
        {
            for (int j = i + 1; j < values.Length; j++)
            {
                float[] exchanged = [.. values];
                (exchanged[i], exchanged[j]) = (exchanged[j], exchanged[i]);
                Assert.True(seen.Add(ResidualChecksum.Of(exchanged)), $"The order of {i} and {j} does not matter.");
            }
        }
    }

    [Fact]
    public void Of_ZerosOfDifferentLengths_Differs() =>
        Assert.Equal(20, Enumerable.Range(0, 20).Select(length => ResidualChecksum.Of(new float[length])).Distinct().Count());

    [Fact]
    public void Of_SameValues_IsTheSame() => Assert.Equal(ResidualChecksum.Of(Values(29)), ResidualChecksum.Of(Values(29)));

    private static float[] Values(int length) => [.. Enumerable.Range(0, length).Select(i => i * 0.37f - 3)];
}
