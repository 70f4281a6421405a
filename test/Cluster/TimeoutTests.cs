namespace Halo.Cluster.Tests;

/// <summary>Callers that wait no longer.</summary>
public sealed class TimeoutTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private readonly Signals _signals = fixture.Signals;

    [Fact]
    public async Task Timeout_CallRunsOn_GrainEndsItAndAnswersTheNext()
    {
        string name = Guid.NewGuid().ToString();
        IKeptGrain grain = fixture.New<IKeptGrain>();
        await grain.SetNote(new Note("before", []));
        TimeoutException fault = await Assert.ThrowsAsync<TimeoutException>(() => grain.HoldBriefly(name));
        Assert.Contains("HoldBriefly", fault.Message, StringComparison.Ordinal);
        Task<Note?> next = grain.GetNote();
        Assert.False(next.IsCompleted);
        _signals.Set(name);
        Assert.Equal("before", (await next)?.Text);
    }

    [Fact]
    public async Task Timeout_CallStillQueued_NeverRuns()
    {
        string name = Guid.NewGuid().ToString();
        IKeptGrain grain = fixture.New<IKeptGrain>();
        Task held = grain.Hold(name);
        await _signals.WaitAsync($"{name}-entered");
        await Assert.ThrowsAsync<TimeoutException>(() => grain.EnterBriefly($"{name}-late"));
        _signals.Set(name);
        await held;
        await grain.GetNote();
        Assert.False(_signals.IsSet($"{name}-late-entered"));
    }
}
