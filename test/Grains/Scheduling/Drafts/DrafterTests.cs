using Halo.Grains.Scheduling.Drafts;

namespace Halo.Grains.Tests.Scheduling.Drafts;

public sealed class DrafterTests
{
    [Fact]
    public void Draft_TextThatRepeats_GivesWhatFollowedThere()
    {
        Drafter drafter = new(new StepCost(), 3, []);
        drafter.Draft([1, 2, 3, 4, 5, 6, 1, 2], 10, 0);
        Assert.Equal([3, 4, 5], drafter.Tokens.ToArray());
    }

    [Fact]
    public void Draft_PeriodAtTheEnd_GoesOnWithIt()
    {
        Drafter drafter = new(new StepCost(), 7, []);
        drafter.Draft([9, 1, 2, 3, 1, 2, 3, 1, 2], 10, 0);
        Assert.Equal([3, 1, 2, 3, 1, 2, 3], drafter.Tokens.ToArray());
    }

    [Fact]
    public void Draft_EndToken_StopsBeforeIt()
    {
        Drafter drafter = new(new StepCost(), 7, [5]);
        drafter.Draft([1, 2, 3, 4, 5, 6, 1, 2], 10, 0);
        Assert.Equal([3, 4], drafter.Tokens.ToArray());
        drafter.Draft([1, 2, 3, 4, 5, 6, 1, 2, 3, 4], 10, 0);
        Assert.Equal(0, drafter.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public void Draft_NoRoom_GivesNone(int room)
    {
        Drafter drafter = new(new StepCost(), Speculation.Auto, []);
        drafter.Draft([1, 2, 3, 1, 2], room, 0);
        Assert.Equal(0, drafter.Count);
    }

    [Fact]
    public void Took_OrDropped_CountsOnlyWhatBecameOfIt()
    {
        StepCost costs = new();
        Drafter drafter = new(costs, 2, []);
        drafter.Draft([1, 2, 3, 4, 1, 2], 10, 0);
        drafter.Took(1);
        drafter.Took(0); // a step without guesses
        drafter.Draft([1, 2, 3, 4, 1, 2, 3, 9], 10, 0);
        Assert.Equal(0, drafter.Count);
        drafter.Draft([1, 2, 3, 4, 1, 2, 3, 9, 1, 2], 10, 0);
        drafter.Drop();
        drafter.Took(0);
        Assert.Equal((2, 1), (costs.Drafted, costs.Accepted));
    }

    [Fact]
    public void Draft_AfterWarmUp_AllocatesNothing()
    {
        Drafter drafter = new(new StepCost(), Speculation.Auto, [1000]);
        int[] text = [.. Enumerable.Range(0, 1000).Select(i => i % 50)];
        drafter.Draft(text.AsSpan(0, 600), 10, 0.1);
        drafter.Took(0);
        int guesses = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int length = 601; length <= 1000; length++)
        {
            drafter.Draft(text.AsSpan(0, length), 10, 0.1);
            guesses += drafter.Count;
            drafter.Took(drafter.Count);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(guesses > 2000);
    }
}
