using Halo.Grains.Scheduling.Drafts;

namespace Halo.Grains.Tests.Scheduling.Drafts;

public sealed class StepCostTests
{
    [Theory]
    [InlineData(1, 10.0, 0.1)]
    [InlineData(1, 1.0, 1.0)]
    [InlineData(8, 5.0, 0.5)]
    public void OfRow_StepsOfAStraightLine_IsTheRowsShare(int sequences, double step, double row)
    {
        StepCost cost = new();
        for (int i = 0; i < 40; i++)
        {
            int drafts = i % 4;
            cost.Took(sequences + drafts, drafts, step + row * (sequences + drafts));
        }

        // A row against what a token takes: a step of so many sequences gives so many tokens.
        Assert.Equal(row * sequences / (step + row * sequences), cost.OfRow(sequences, sequences), 3);
    }

    [Fact]
    public void OfRow_NothingMeasured_IsAGuess() => Assert.Equal(0.25, new StepCost().OfRow(1, 1));

    [Fact]
    public void OfRow_ClockThatStands_IsAGuess()
    {
        StepCost cost = new();
        cost.Took(1, 0, 0);
        cost.Took(3, 2, 0);
        Assert.Equal(0.25, cost.OfRow(1, 1));
    }

    [Fact]
    public void OfRow_OneStepHeldUp_HardlyChanges()
    {
        StepCost cost = new();
        for (int i = 0; i < 60; i++)
        {
            cost.Took(1, 0, 1);
            cost.Took(3, 2, i == 55 ? 1000 : 1.4);
        }

        Assert.InRange(cost.OfRow(1, 1), 0.15, 0.5);
    }

    [Fact]
    public void OfRow_RowsGetDearer_Follows()
    {
        StepCost cost = new();
        for (int i = 0; i < 200; i++)
        {
            cost.Took(1, 0, 1);
            cost.Took(2, 1, i < 100 ? 1.1 : 1.8);
        }

        Assert.Equal(0.8, cost.OfRow(1, 1), 2);
    }

    [Fact]
    public void Count_Guesses_AddUp()
    {
        StepCost cost = new();
        cost.Count(4, 3);
        cost.Count(2, 0);
        Assert.Equal((6, 3), (cost.Drafted, cost.Accepted));
    }
}
