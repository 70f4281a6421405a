using Halo.Fabric.Transport;

namespace Halo.Fabric.Tests.Transport;

public sealed class ProgressGateTests
{
    private long _aborted = -1;

    // Every thread waits for all others at every value: one lost wake-up and the round never ends.
    [Theory]
    [InlineData(2, false, 20_000)]
    [InlineData(8, false, 4_000)]
    [InlineData(2, true, 20_000)]
    [InlineData(5, true, 2_000)]
    public void Wait_ForEveryOtherThreadAtEveryValue_MissesNoWakeUp(int threads, bool spin, int rounds)
    {
        ProgressGate gate = new(threads, spin);
        BoardThreads.Run(
            threads,
            thread =>
            {
                for (long value = 1; value <= rounds; value++)
                {
                    gate.Raise(thread, value);
                    Assert.True(gate.Wait(0, threads, value, ref _aborted, value));
                    for (int other = 0; other < threads; other++)
                    {
                        Assert.InRange(gate[other], value, value + 1);
                    }
                }
            },
            gate.Stop);
    }

    [Fact]
    public void Wait_ValueAlreadyReached_ReturnsTrueEvenWhenStopped()
    {
        ProgressGate gate = new(2, spin: false);
        gate.Raise(0, 5);
        gate.Raise(1, 4);
        gate.Stop();
        Assert.True(gate.Wait(0, 2, 4, ref _aborted, 1));
        Assert.False(gate.Wait(0, 2, 5, ref _aborted, 1));
    }

    [Fact]
    public void Wait_OfARangeOfCounters_LooksAtNoOther()
    {
        ProgressGate gate = new(3, spin: false);
        gate.Raise(1, 1);
        Assert.True(gate.Wait(1, 2, 1, ref _aborted, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Wait_AbortedStep_ReturnsFalseForItAndEarlierOnesOnly(bool spin)
    {
        ProgressGate gate = new(1, spin);
        BoardThreads.Run(
            3,
            thread =>
            {
                if (thread == 0)
                {
                    Volatile.Write(ref _aborted, 7);
                    gate.WakeParked();
                }
                else
                {
                    Assert.False(gate.Wait(0, 1, 1, ref _aborted, 6 + thread / 2));
                }
            },
            gate.Stop);
        gate.Raise(0, 1);
        Assert.True(gate.Wait(0, 1, 1, ref _aborted, 8));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Stop_EndsAllWaits(bool spin)
    {
        ProgressGate gate = new(1, spin);
        BoardThreads.Run(
            5,
            thread =>
            {
                if (thread == 0)
                {
                    gate.Stop();
                }
                else
                {
                    Assert.False(gate.Wait(0, 1, 1, ref _aborted, 1));
                }
            },
            () => { });
        Assert.True(gate.IsStopped);
    }
}
