using Halo.Fabric.Transport;

namespace Halo.Fabric.Tests.Transport;

public sealed class SpinRuleTests
{
    [Fact]
    public void MaySpin_SpinsThatEndWaits_GoesOn()
    {
        SpinRule rule = default;
        for (int wait = 0; wait < 1_000; wait++)
        {
            Assert.True(rule.MaySpin());
            rule.Spun(reached: true);
        }
    }

    [Fact]
    public void MaySpin_SpinsInVain_RarelyTriesAgain()
    {
        SpinRule rule = default;
        Assert.InRange(Spins(ref rule, 6_400, reached: false), 90, 110);
    }

    [Fact]
    public void MaySpin_SpinsThatHelpAgain_AreTakenUpAndOneInVainForgiven()
    {
        SpinRule rule = default;
        Spins(ref rule, 1_000, reached: false);
        Assert.True(Spins(ref rule, 200, reached: true) > 100);
        rule.Spun(reached: false);
        Assert.True(rule.MaySpin());
    }

    private static int Spins(ref SpinRule rule, int waits, bool reached)
    {
        int spins = 0;
        for (int wait = 0; wait < waits; wait++)
        {
            if (rule.MaySpin())
            {
                spins++;
                rule.Spun(reached);
            }
        }

        return spins;
    }
}
