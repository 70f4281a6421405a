using Halo.Grains.Scheduling;

namespace Halo.Grains.Tests.Scheduling;

public sealed class EnduranceTests
{
    [Fact]
    public void Loss_OftenerThanTheMost_IsOver()
    {
        Endurance endurance = new();
        for (int loss = 0; loss < Endurance.MostLosses; loss++)
        {
            endurance.Loss();
            endurance.GoOn();
            Assert.False(endurance.IsOver);
            Assert.False(endurance.IsSuspect);
        }

        endurance.Loss();
        Assert.True(endurance.IsOver);
    }

    [Fact]
    public void Fault_OfOtherSequences_NeverEndsIt()
    {
        Endurance endurance = new();
        for (int fault = 0; fault < 100; fault++)
        {
            endurance.Fault(isOwn: false);
        }

        Assert.False(endurance.IsOver);
        Assert.False(endurance.IsSuspect);
    }

    [Fact]
    public void Fault_OfItsOwn_MakesItASuspectUntilItGetsOnAndIsCountedAllTheSame()
    {
        Endurance endurance = new();
        for (int fault = 0; fault < Endurance.MostFaults; fault++)
        {
            endurance.Fault(isOwn: true);
            Assert.True(endurance.IsSuspect);
            Assert.False(endurance.IsOver);
            endurance.Success();
            Assert.False(endurance.IsSuspect);
        }

        endurance.Fault(isOwn: true);
        Assert.True(endurance.IsOver);
    }
}
