using Halo.Fabric.Liveness;

namespace Halo.Fabric.Tests.Liveness;

public sealed class LivenessOptionsTests
{
    private static readonly LivenessOptions s_default = new();

    public static TheoryData<LivenessOptions, string> Wrong => new()
    {
        { s_default with { PingInterval = TimeSpan.Zero }, nameof(LivenessOptions.PingInterval) },
        { s_default with { PingInterval = TimeSpan.FromSeconds(11) }, nameof(LivenessOptions.PingInterval) },
        { s_default with { SuspectAfter = TimeSpan.FromMilliseconds(499) }, nameof(LivenessOptions.SuspectAfter) },
        { s_default with { DeadAfter = TimeSpan.FromSeconds(1) }, nameof(LivenessOptions.DeadAfter) },
        { s_default with { DeadAfter = TimeSpan.FromHours(2) }, nameof(LivenessOptions.DeadAfter) },
        { s_default with { DeadAfter = Timeout.InfiniteTimeSpan }, nameof(LivenessOptions.DeadAfter) },
        { s_default with { RefusalWindow = TimeSpan.FromMilliseconds(249) }, nameof(LivenessOptions.RefusalWindow) },
        { s_default with { PauseTolerance = TimeSpan.Zero }, nameof(LivenessOptions.PauseTolerance) },
    };

    [Fact]
    public void Validate_Defaults_AreThoseOfTheContract()
    {
        s_default.Validate();
        Assert.Equal((250, 1000, 5000), (s_default.PingInterval.TotalMilliseconds, s_default.SuspectAfter.TotalMilliseconds, s_default.DeadAfter.TotalMilliseconds));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Validate_TimeOutOfRange_IsNamed(LivenessOptions options, string name)
    {
        string message = Assert.Throws<ArgumentException>(options.Validate).Message;
        Assert.StartsWith($"{name} is ", message, StringComparison.Ordinal);
        Assert.Contains("it must be", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new HeartbeatMonitor(options));
    }
}
