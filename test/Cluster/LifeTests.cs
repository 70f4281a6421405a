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
        await _signals.WaitAsync($"{name}-entered");
        await grain.Deactivate();
        Task<int>[] behind = [grain.Add(1), grain.Add(2), grain.Add(3)];
        _signals.Set(name);
        await Task.WhenAll([held, .. behind]);
        Assert.Equal(6, await grain.GetTotal());
    }

    [Fact]
    public async Task OnActivate_Throws_CallFailsAndNextOneTriesAgain()
    {
        IProbeGrain grain = fixture.NewProbe("fails-once");
        Exception exception = await Assert.ThrowsAnyAsync<Exception>(() => grain.Add(1));
        Assert.Contains("cannot activate yet", exception.ToString(), StringComparison.Ordinal);
        Assert.Equal(3, await grain.Add(3));
    }
}
