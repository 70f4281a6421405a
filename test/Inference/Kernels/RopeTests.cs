using Halo.Inference.Kernels;

namespace Halo.Inference.Tests.Kernels;

public sealed class RopeTests
{
    [Fact]
    public void Apply_PartOfEachHead_RotatesInterleavedPairs()
    {
        float[] frequencies = RopeTable.InverseFrequencies(4, 10000);
        float[] row = [1, 2, 3, 4, 5, 6, -1, 0.5f, 2, -3, 7, 8];
        float[] original = [.. row];
        Rope.Apply(row, headDim: 6, rotaryDim: 4, position: 5, frequencies);

        Assert.Equal([1f, 0.01f], frequencies);
        for (int head = 0; head < 12; head += 6)
        {
            for (int i = 0; i < 2; i++)
            {
                (double sin, double cos) = Math.SinCos(5 * Math.Pow(10000, -i / 2.0));
                (float a, float b) = (original[head + (2 * i)], original[head + (2 * i) + 1]);
                Assert.Equal((a * cos) - (b * sin), row[head + (2 * i)], 1e-5);
                Assert.Equal((a * sin) + (b * cos), row[head + (2 * i) + 1], 1e-5);
            }

            Assert.Equal(original[(head + 4)..(head + 6)], row[(head + 4)..(head + 6)]);
        }
    }

    [Fact]
    public void Table_EveryPosition_EqualsDirectRotation()
    {
        float[] frequencies = RopeTable.InverseFrequencies(8, 500000);
        using RopeTable table = new(50, frequencies);
        for (int position = 0; position < 50; position++)
        {
            float[] direct = [.. Enumerable.Range(1, 24).Select(i => (float)Math.Sin(i))];
            float[] looked = [.. direct];
            Rope.Apply(direct, 8, 8, position, frequencies);
            table.Apply(looked, 8, position);
            Assert.Equal(direct, looked);
        }
    }

    [Fact]
    public void Table_HalfSplitWithAMagnitude_TurnsElementsHalfTheRotaryPartApart()
    {
        using RopeTable table = new(9, [1f, 0.25f], RotaryPairs.HalfSplit, magnitude: 1.5f);
        float[] row = [1, 2, 3, 4, 5, 6, -1, 0.5f, 2, -3, 7, 8];
        float[] original = [.. row];
        table.Apply(row, headDim: 6, position: 8);
        for (int head = 0; head < 12; head += 6)
        {
            for (int i = 0; i < 2; i++)
            {
                (double sin, double cos) = Math.SinCos(8 * (i == 0 ? 1 : 0.25));
                (float a, float b) = (original[head + i], original[head + i + 2]);
                Assert.Equal(1.5 * ((a * cos) - (b * sin)), row[head + i], 1e-5);
                Assert.Equal(1.5 * ((a * sin) + (b * cos)), row[head + i + 2], 1e-5);
            }

            Assert.Equal(original[(head + 4)..(head + 6)], row[(head + 4)..(head + 6)]);
        }
    }

    [Fact]
    public void Table_WithoutPairs_ChangesNothing()
    {
        using RopeTable table = new(4, [], RotaryPairs.None);
        float[] row = [1, 2, 3, 4];
        table.Apply(row, 4, 3);
        Assert.Equal([1, 2, 3, 4], row);
    }

    [Fact]
    public void Apply_PositionZero_ChangesNothing()
    {
        float[] row = [1, 2, 3, 4];
        Rope.Apply(row, 4, 4, 0, [1f, 0.5f]);
        Assert.Equal([1, 2, 3, 4], row);
    }

    [Fact]
    public void Apply_BadShapes_Throw()
    {
        using RopeTable table = new(4, [1f, 0.5f]);
        Assert.Throws<ArgumentOutOfRangeException>(() => table.Apply(new float[4], 4, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.Apply(new float[4], 4, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.Apply(new float[4], 2, 0));
        Assert.Throws<ArgumentException>(() => table.Apply(new float[6], 4, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Rope.Apply(new float[4], 4, 3, 0, [1f]));
        Assert.Throws<ArgumentException>(() => Rope.Apply(new float[4], 4, 4, 0, [1f]));
    }
}
