using Orleans;
using Orleans.Runtime;

namespace Halo.Cluster.Tests;

public sealed class TurnTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private readonly Signals _signals = fixture.Signals;

    [Fact]
    public async Task Call_ManyFromOneCaller_RunOnceEachWithoutOverlap()
    {
        IProbeGrain grain = fixture.NewProbe();
        Task<int>[] calls = [.. Enumerable.Range(0, 8).Select(i => grain.Add(1 << i))];
        await Task.WhenAll(calls);
        Assert.Equal(255, await grain.GetTotal());
    }

    [Fact]
    public async Task Call_ManyCallers_NeverOverlap()
    {
        IProbeGrain grain = fixture.NewProbe();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => grain.Add(0))));
    }

    [Fact]
    public async Task Call_AfterAwait_ContinuesOnActivationScheduler() => Assert.True(await fixture.NewProbe().StaysOnScheduler());

    [Fact]
    public async Task Key_InsideGrainAndOnReference_IsTheSame()
    {
        IProbeGrain grain = fixture.NewProbe();
        string key = grain.GetPrimaryKeyString();
        Assert.Equal(key, await grain.Key());
        Assert.Equal(key, grain.GetGrainId().Key.ToString());
    }

    [Fact]
    public async Task Call_WhileAnotherRuns_Waits()
    {
        IProbeGrain grain = fixture.NewProbe();
        string name = Guid.NewGuid().ToString();
        Task<string> held = grain.Hold(name);
        await _signals.WaitAsync($"{name}-entered");
        Task<int> second = grain.Add(1);
        Assert.Equal("interleaved", await grain.Interleave());
        Assert.False(second.IsCompleted);
        _signals.Set(name);
        Assert.Equal(1, await second);
        await held;
    }

    [Fact]
    public async Task Reentrant_SecondCall_OpensTheFirst()
    {
        IReentrantGrain grain = fixture.Client.GetGrain<IReentrantGrain>("reentrant");
        Task<string> held = grain.Hold("reentrant-gate");
        await _signals.WaitAsync("reentrant-gate-entered");
        await grain.Open("reentrant-gate");
        Assert.Equal("opened", await held);
    }

    [Fact]
    public async Task AlwaysInterleave_OneRunning_OthersRunMeanwhile()
    {
        string name = Guid.NewGuid().ToString();
        IRelayGrain grain = fixture.New<IRelayGrain>();
        Task<string> held = grain.HoldInterleaving(name);
        await _signals.WaitAsync($"{name}-entered");
        Assert.Equal(1, await grain.Add(fixture.NewProbe(), 1));
        Assert.False(held.IsCompleted);
        _signals.Set(name, "opened");
        Assert.Equal("opened", await held);
    }

    [Fact]
    public async Task CallBack_WithoutReentrancy_TimesOut()
    {
        IProbeGrain first = fixture.NewProbe();
        await Assert.ThrowsAsync<TimeoutException>(() => first.CallBack(fixture.NewProbe(), first));
    }

    [Fact]
    public async Task Fail_InGrain_CrossesAsItselfAndActivationGoesOn()
    {
        IProbeGrain grain = fixture.NewProbe();
        await grain.Add(3);
        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(() => grain.Fail("as it was"));
        Assert.Equal("as it was", exception.Message);
        Assert.Equal(3, await grain.GetTotal());
    }

    [Fact]
    public async Task Fail_BeforeFirstAwait_CrossesAsItself()
    {
        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(() => fixture.NewProbe().FailAtOnce("as it was"));
        Assert.Equal("as it was", exception.Message);
    }

    [Fact]
    public async Task Cancel_WhileRunning_CallerAndCalleeSeeIt()
    {
        using CancellationTokenSource cancellation = new();
        string name = Guid.NewGuid().ToString();
        Task<string> call = fixture.NewProbe().HoldUntilCancelled(name, cancellation.Token);
        await _signals.WaitAsync($"{name}-entered");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await _signals.WaitAsync($"{name}-cancelled");
    }

    [Theory]
    [InlineData("Silo_0")]
    [InlineData("Silo_1")]
    public async Task Cancel_ThroughAnotherGrain_TheLastCalleeSeesIt(string siloName)
    {
        using CancellationTokenSource cancellation = new();
        string name = Guid.NewGuid().ToString();
        Task<string> call = fixture.New<IRelayGrain>()
            .HoldUntilCancelled(fixture.NewProbe(siloName: siloName), name, cancellation.Token);
        await _signals.WaitAsync($"{name}-entered");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await _signals.WaitAsync($"{name}-cancelled");
    }

    [Fact]
    public async Task Cancel_WhileQueued_HoldsNobodyUp()
    {
        using CancellationTokenSource cancellation = new();
        string name = Guid.NewGuid().ToString();
        IProbeGrain grain = fixture.NewProbe();
        Task<string> held = grain.Hold(name);
        await _signals.WaitAsync($"{name}-entered");
        Task<string> queued = grain.HoldUntilCancelled($"{name}-queued", cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        _signals.Set(name);
        await held;
        await grain.GetTotal();

        // Upstream the request may begin before word of the end of it arrives.
        Assert.Equal(_signals.IsSet($"{name}-queued-entered"), _signals.IsSet($"{name}-queued-cancelled"));
    }

    [Fact]
    public async Task Cancel_BeforeCall_ThrowsWithoutCalling()
    {
        string name = Guid.NewGuid().ToString();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => fixture.NewProbe().HoldUntilCancelled(name, new CancellationToken(canceled: true)));
        Assert.False(_signals.IsSet($"{name}-entered"));
    }

    [Fact]
    public async Task RequestContext_SetByCaller_FlowsDownAndNotBack()
    {
        RequestContext.Set("note", "from the test");
        Assert.Equal("from the test", await fixture.NewProbe().ForwardContext(fixture.NewProbe(siloName: "Silo_1"), "note"));
        Assert.Equal("from the test", RequestContext.Get("note"));
        RequestContext.Clear();
        Assert.Null(await fixture.NewProbe().GetContext("note"));
    }
}
