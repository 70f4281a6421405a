using Orleans;

namespace Halo.Cluster.Tests;

public sealed class LifeTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private readonly Signals _signals = fixture.Signals;

    [Fact]
    public async Task DeactivateOnIdle_NextCall_FindsFreshState()
    {
        IProbeGrain grain = fixture.NewProbe();
        await grain.Add(5);
        await grain.Deactivate();
        Assert.Equal("ApplicationRequested", await _signals.WaitAsync($"{grain.GetPrimaryKeyString()}-deactivated"));
        Assert.Equal(0, await grain.GetTotal());
        Assert.False(_signals.IsSet($"{grain.GetPrimaryKeyString()}-deactivated-again"));
    }

    [Fact]
    public async Task DeactivateOnIdle_CallsBehindIt_ReachTheNextActivation()
    {
        IProbeGrain grain = fixture.NewProbe();
        string name = Guid.NewGuid().ToString();
        Task<string> held = grain.Hold(name);
        Task deactivated = grain.Deactivate();
        Task<int>[] behind = [grain.Add(1), grain.Add(2), grain.Add(3)];
        _signals.Set(name);
        await Task.WhenAll([held, deactivated, .. behind]);
        Assert.Equal(123, await grain.GetTotal());
    }

    [Fact]
    public async Task Collection_IdlePastAge_DeactivatesIdleGrainsOnly()
    {
        IProbeGrain idle = fixture.NewProbe();
        IProbeGrain used = fixture.NewProbe();
        await idle.Add(1);
        await used.Add(1);
        fixture.Time.Advance(TimeSpan.FromMinutes(4));
        await used.Add(1);
        fixture.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("ActivationIdle", await _signals.WaitAsync($"{idle.GetPrimaryKeyString()}-deactivated"));
        Assert.Equal(0, await idle.GetTotal());
        Assert.Equal(11, await used.GetTotal());
    }

    [Fact]
    public async Task OnActivate_Throws_WaitingCallsFailAndNextOneTriesAgain()
    {
        IProbeGrain grain = fixture.NewProbe("fails-once");
        Task<int>[] waiting = [grain.Add(1), grain.Add(2)];
        Exception exception = await Assert.ThrowsAnyAsync<Exception>(() => waiting[0]);
        Assert.Contains("cannot activate yet", exception.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => waiting[1]);
        Assert.Equal(3, await grain.Add(3));
    }
}
