using Halo.Fabric.Datagrams.Links;

namespace Halo.Fabric.Tests.Datagrams;

public sealed class PacketWindowTests
{
    [Fact]
    public void TryTake_AnyOrder_TakesEachOnceAndNoneThatIsTooOld()
    {
        PacketWindow window = new();
        HashSet<ulong> taken = [0];
        Random random = new(5);
        ulong highest = 0;
        for (int i = 0; i < 20_000; i++)
        {
            ulong number = (ulong)Math.Max(0, (long)highest + random.Next(-1100, 12) + (random.Next(2000) == 0 ? 5000 : 0));
            bool tooOld = highest / 64 >= 16 + number / 64;
            bool expected = !tooOld && !taken.Contains(number);
            Assert.Equal(expected, window.IsFresh(number));
            Assert.Equal(expected, window.TryTake(number));
            taken.Add(number);
            highest = Math.Max(highest, number);
        }
    }

    [Fact]
    public void TryTake_HighestNumber_IsTakenWithoutWalkingThere()
    {
        PacketWindow window = new();
        Assert.True(window.TryTake(ulong.MaxValue));
        Assert.False(window.TryTake(ulong.MaxValue));
        Assert.False(window.TryTake(1));
        Assert.True(window.TryTake(ulong.MaxValue - 1));
        Assert.Equal(1, window.Loss.Window, 3);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.05)]
    [InlineData(0.3)]
    public void Loss_OfIndependentLossAndReordering_IsMeasured(double rate)
    {
        PacketWindow window = new();
        Random random = new(3);
        List<ulong> block = [];
        for (ulong number = 1; number <= 20_000; number++)
        {
            if (random.NextDouble() >= rate)
            {
                block.Add(number);
            }

            if (number % 40 == 0)
            {
                random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(block));
                block.ForEach(taken => window.TryTake(taken));
                block.Clear();
            }
        }

        Assert.InRange(window.Loss.Window, rate * 0.75, rate * 1.25);
        Assert.InRange(window.Loss.Mean, rate * 0.5, rate * 1.5);
        Assert.InRange(window.Loss.Burst, rate == 0 ? 0 : 1, rate == 0 ? 0 : 1.2 / (1 - rate));
    }

    [Fact]
    public void Burst_OfRunsAcrossBlocks_IsTheirLength()
    {
        PacketWindow window = new();
        for (ulong number = 1; number <= 3_000; number++)
        {
            if (number % 100 >= 10)
            {
                window.TryTake(number);
            }
        }

        Assert.Equal(10, window.Loss.Burst, 1);
        Assert.Equal(0.1, window.Loss.Window, 2);
    }
}
