using Halo.Fabric.Datagrams.Links;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>What is sent beyond the first of each datagram. Times are microseconds, of a round trip of 5 ms where nothing else is said.</summary>
public sealed class RedundancyRuleTests
{
    private const double ResendTime = 9_000;

    [Theory]
    [InlineData(0, 8, 3, 1)]
    [InlineData(0.0001, 8, 3, 1)]
    [InlineData(0.01, 4, 3, 2)]
    [InlineData(0.01, 8, 3, 2)]
    [InlineData(0.05, 4, 3, 3)]
    [InlineData(0.1, 8, 3, 3)]
    [InlineData(0.1, 8, 4, 4)]
    [InlineData(1, 8, 1, 1)]
    [InlineData(1, 8, 4, 4)]
    public void Choose_OneDatagramInAMesh_CopiesByLossAndBoards(double loss, int boards, int most, int copies) =>
        Assert.Equal(new Redundancy(copies, 0), RedundancyRule.Choose(Case(loss, boards, 1) with { MostCopies = most }));

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(40)]
    public void Choose_MoreLoss_NeverSendsLessWhileThatSavesMostStagesAResend(int datagrams)
    {
        foreach (double cost in new[] { 5.0, 60, 300, 2_000 })
        {
            (int extraBefore, double delayBefore) = (0, 0);
            for (double loss = 0; loss <= 0.3; loss += 0.001)
            {
                RedundancyCase given = Case(loss, 4, datagrams) with { DatagramCost = cost };
                Redundancy choice = RedundancyRule.Choose(given);
                (int extra, double delay) = (RedundancyRule.Extra(datagrams, choice), RedundancyRule.Delay(given, choice));
                bool mostWait = RedundancyRule.Delay(given with { DatagramCost = 0 }, choice) > ResendTime / 2;
                Assert.True(delay >= delayBefore, $"{datagrams} datagrams at {cost} us: faster with a loss of {loss}.");
                Assert.True(extra >= extraBefore || mostWait, $"{datagrams} datagrams at {cost} us: {extra} more at a loss of {loss}, {extraBefore} below it.");
                (extraBefore, delayBefore) = (extra, delay);
            }
        }
    }

    [Theory]
    [InlineData(0.002)]
    [InlineData(0.005)]
    [InlineData(0.01)]
    public void Choose_LongTrainAndLittleLoss_TakesParity(double loss)
    {
        Redundancy choice = RedundancyRule.Choose(Case(loss, 4, 13));
        Assert.Equal(1, choice.Copies);
        Assert.InRange(choice.GroupSize, 2, RedundancyRule.LargestGroup);
        Assert.Equal(0, RedundancyRule.Choose(Case(loss, 4, 13) with { AllowsParity = false }).GroupSize);
    }

    [Fact]
    public void Choose_DearDatagrams_SendsEachOnce()
    {
        // Eight boards on one channel: 56 frames of 0.25 ms for every datagram more.
        RedundancyCase air = Case(0.05, 8, 1) with { DatagramCost = 56 * 250 };
        Assert.Equal(Redundancy.None, RedundancyRule.Choose(air));
        Assert.True(RedundancyRule.Choose(air with { DatagramCost = 100 }).Copies > 1);
    }

    [Fact]
    public void Choose_BurstsLongerThanAGroupIsApart_TakesNoLargeGroups()
    {
        RedundancyCase independent = Case(0.002, 4, 8) with { MostCopies = 1 };
        int groups = RedundancyRule.Groups(8, RedundancyRule.Choose(independent).GroupSize);
        Redundancy burst = RedundancyRule.Choose(independent with { Burst = 3 });
        Assert.True(burst.GroupSize == 0 || RedundancyRule.Groups(8, burst.GroupSize) > groups, $"{burst} in bursts, {groups} groups without.");
    }

    [Fact]
    public void Delay_CopiesInBursts_HelpOnlyWhereTheyGoElsewhere()
    {
        RedundancyCase bursts = Case(0.05, 4, 1) with { Burst = 8 };
        Redundancy twice = new(2, 0);
        Assert.True(RedundancyRule.Delay(bursts, twice) > 3 * RedundancyRule.Delay(bursts with { CopiesGoElsewhere = true }, twice));
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.05)]
    [InlineData(0.2)]
    public void Delay_IndependentLoss_IsTheMeanOfTheSlowestOfAll(double loss)
    {
        // By trial: rounds of resends until the last of all datagrams of the stage has come.
        Random random = new(9);
        const int trials = 20_000;
        foreach (int copies in new[] { 1, 2 })
        {
            RedundancyCase given = Case(loss, 4, 3) with { DatagramCost = 0 };
            double rounds = 0;
            for (int trial = 0; trial < trials; trial++)
            {
                int worst = 0;
                for (int datagram = 0; datagram < given.Links * given.Datagrams; datagram++)
                {
                    int lost = 0;
                    while (random.NextDouble() < loss)
                    {
                        lost++;
                    }

                    worst = Math.Max(worst, lost - copies + 1);
                }

                rounds += worst;
            }

            double expected = rounds / trials * ResendTime;
            Assert.InRange(RedundancyRule.Delay(given, new Redundancy(copies, 0)), expected * 0.9 - 20, expected * 1.1 + 20);
        }
    }

    [Fact]
    public void OfStage_BoardsAndAir_AreTheMeasuredSendAndTheAirOfAllLinks()
    {
        DatagramCost cost = new(peers: 3, airTime: 250);
        for (int i = 0; i < 1_000; i++)
        {
            cost.NoteSend(i % 100 == 0 ? 50_000 : 4); // sometimes the thread is put aside
        }

        Assert.InRange(cost.SendTime, 4, 8);
        Assert.Equal(3 * cost.SendTime + 12 * 250, cost.OfStage(12), 6);
    }

    private static RedundancyCase Case(double loss, int boards, int datagrams) =>
        new(loss, 0, boards * (boards - 1), datagrams, 3, ResendTime, 10 * (boards - 1));
}
