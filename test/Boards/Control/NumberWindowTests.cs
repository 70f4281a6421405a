using Halo.Boards.Control;

namespace Halo.Boards.Tests.Control;

public sealed class NumberWindowTests
{
    [Fact]
    public void TryTake_InAnyOrder_TakesEachOnce()
    {
        NumberWindow window = new();
        ulong[] numbers = [.. Enumerable.Range(1, 1024).Select(i => (ulong)i)];
        new Random(7).Shuffle(numbers);
        Assert.All(numbers, number => Assert.True(window.TryTake(number)));
        Assert.All(numbers, number => Assert.False(window.TryTake(number)));
    }

    [Fact]
    public void TryTake_BehindTheWindow_IsRefused()
    {
        NumberWindow window = new();
        Assert.False(window.TryTake(0));
        Assert.True(window.TryTake(2000));
        Assert.False(window.TryTake(976));
        Assert.True(window.TryTake(977));
        Assert.False(window.TryTake(977));
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(1023u)]
    [InlineData(1024u)]
    [InlineData(5000u)]
    public void TryTake_AfterAStepAhead_ForgetsOnlyWhatLeftTheWindow(uint step)
    {
        NumberWindow window = new();
        Assert.True(window.TryTake(10));
        Assert.True(window.TryTake(10 + step));
        Assert.False(window.TryTake(10));
        Assert.Equal(step > 1, window.TryTake(9 + step));
    }

    [Fact]
    public void TryTake_OfTheLastNumber_Works()
    {
        NumberWindow window = new();
        Assert.True(window.TryTake(ulong.MaxValue - 1));
        Assert.True(window.TryTake(ulong.MaxValue));
        Assert.False(window.TryTake(ulong.MaxValue));
    }
}
