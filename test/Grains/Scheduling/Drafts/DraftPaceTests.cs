using Halo.Grains.Scheduling.Drafts;

namespace Halo.Grains.Tests.Scheduling.Drafts;

public sealed class DraftPaceTests
{
    private const int Run = 3;

    [Theory]
    [InlineData(0.0, 8)] // rows for nothing
    [InlineData(0.1, 8)]
    [InlineData(0.3, 8)]
    [InlineData(0.9, 8)] // even so: 9 tokens for the price of 8.2
    public void Choose_AllGuessesRight_GrowsToTheMost(double cost, int most)
    {
        DraftPace pace = new();
        for (int step = 0; step < 200; step++)
        {
            int drafts = pace.Choose(Run, 20, cost);
            pace.Took(Run, drafts, drafts);
        }

        Assert.Equal(most, pace.Choose(Run, 20, cost));
        Assert.Equal(3, pace.Choose(Run, 3, cost));
        Assert.Equal(0, pace.Choose(Run, 0, cost));
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    public void Choose_AllGuessesWrong_TriesOneEverMoreSeldom(double cost)
    {
        DraftPace pace = new();
        List<int> tries = [];
        int rows = 0;
        for (int step = 0; step < 1000; step++)
        {
            int drafts = pace.Choose(Run, 20, cost);
            pace.Took(Run, drafts, 0);
            rows += drafts;
            if (drafts > 0)
            {
                tries.Add(step);
            }
        }

        // At first it is not known that they are wrong; from then on one in 65 steps.
        Assert.InRange(rows, tries.Count, 70);
        Assert.All(tries.Zip(tries.Skip(1)).TakeLast(8), pair => Assert.Equal(65, pair.Second - pair.First));
    }

    [Fact]
    public void Choose_RightAgainAfterALongTime_GuessesAgainSoon()
    {
        DraftPace pace = new();
        for (int step = 0; step < 1000; step++)
        {
            pace.Took(Run, pace.Choose(Run, 8, 0.4), 0);
        }

        int steps = 0;
        for (int drafts = 0; drafts < 4; steps++)
        {
            drafts = pace.Choose(Run, 8, 0.4);
            pace.Took(Run, drafts, drafts);
        }

        Assert.InRange(steps, 5, 65 + 17 + 60);
    }

    [Fact]
    public void Choose_RowsAsDearAsTokens_TriesOnly()
    {
        DraftPace pace = new();
        int rows = 0;
        for (int step = 0; step < 650; step++)
        {
            int drafts = pace.Choose(Run, 8, cost: 1.1);
            pace.Took(Run, drafts, drafts);
            rows += drafts;
        }

        Assert.InRange(rows, 1, 20);
    }

    [Fact]
    public void Choose_OneRunIsWrong_LeavesTheOtherAlone()
    {
        DraftPace pace = new();
        for (int step = 0; step < 100; step++)
        {
            pace.Took(2, pace.Choose(2, 8, 0.2), 0);
            int drafts = pace.Choose(4, 8, 0.2);
            pace.Took(4, drafts, drafts);
        }

        Assert.Equal(8, pace.Choose(4, 8, 0.2));
        Assert.InRange(pace.Choose(2, 8, 0.2), 0, 1);
    }
}
