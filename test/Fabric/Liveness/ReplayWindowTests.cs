using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

public sealed class ReplayWindowTests
{
    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    [InlineData(ulong.MaxValue)]
    public void TryTake_FirstNumberTwice_IsTakenOnce(ulong number)
    {
        ReplayWindow window = default;
        Assert.True(window.TryTake(number));
        Assert.False(window.TryTake(number));
    }

    [Fact]
    public void TryTake_OlderThanTheWindow_IsRefused()
    {
        ReplayWindow window = default;
        Assert.True(window.TryTake(100));
        Assert.True(window.TryTake(37));
        Assert.False(window.TryTake(36));
        Assert.True(window.TryTake(1ul << 40));
        Assert.False(window.TryTake(100));
    }

    [Fact]
    public void TryTake_NumbersOutOfOrder_TakesEachOfTheLast64Once()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            Random random = new(seed);
            ReplayWindow window = default;
            HashSet<long> taken = [];
            long highest = -1;
            long around = 1000;
            for (int i = 0; i < 500; i++)
            {
                around += random.Next(10) == 0 ? random.Next(200) : 1;
                long number = around - random.Next(100);
                bool expected = highest < 0 || (number > highest - 64 && !taken.Contains(number));
                Assert.True(expected == window.TryTake((ulong)number), $"Seed {seed}, number {number} after {highest}.");
                taken.Add(number);
                highest = Math.Max(highest, number);
            }
        }
    }
}
