using Orleans;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Halo.Cluster.Tests;

/// <summary>Each test has a cluster of its own, for it ends a silo.</summary>
public sealed class SiloEndTests : IAsyncLifetime
{
    private readonly ClusterFixture _fixture = new();

    public Task InitializeAsync() => _fixture.InitializeAsync();

    public Task DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Kill_CallInFlight_FailsAndNextCallIsPlacedOnALivingSilo()
    {
        IProbeGrain grain = _fixture.NewProbe(siloName: "Silo_1");
        await grain.Add(1);
        Task<string> held = grain.Hold("never");
        await _fixture.Signals.WaitAsync("never-entered");
        await _fixture.Cluster.KillSiloAsync(Silo("Silo_1"));
        await AssertFails(() => held);
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        Assert.Equal("Silo_0", await grain.GetSilo());
        Assert.Equal(0, await grain.GetTotal());
        _fixture.Signals.Set("never");
    }

    [Fact]
    public async Task Kill_StreamOpen_ConsumerFailsWithoutWaitingForTheDead()
    {
        await using IAsyncEnumerator<int> numbers = _fixture.NewProbe(siloName: "Silo_1").CountStubbornly("nobody").GetAsyncEnumerator();
        Assert.True(await numbers.MoveNextAsync());
        ValueTask<bool> waiting = numbers.MoveNextAsync();
        await _fixture.Cluster.KillSiloAsync(Silo("Silo_1"));
        await AssertFails(async () => await waiting);
        Assert.False(_fixture.Signals.IsSet("nobody"));
        _fixture.Signals.Set("nobody");
    }

    [Fact]
    public async Task Stop_Gracefully_DeactivatesAndCallsGoOnElsewhere()
    {
        IProbeGrain grain = _fixture.NewProbe(siloName: "Silo_1");
        await grain.Add(1);
        await _fixture.Cluster.StopSiloAsync(Silo("Silo_1"));
        Assert.Equal("ShuttingDown", await _fixture.Signals.WaitAsync($"{grain.GetPrimaryKeyString()}-deactivated"));
        Assert.Equal("Silo_0", await grain.GetSilo());
    }

    [Fact]
    public async Task StartAdditionalSilo_PlanNamesIt_ActivatesThere()
    {
        InProcessSiloHandle third = await _fixture.Cluster.StartAdditionalSiloAsync();
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync();
        Assert.Equal(third.Name, await _fixture.NewProbe(siloName: third.Name).GetSilo());
    }

    // Upstream, a client that does not live in a silo waits for its response timeout, unless the silo was its gateway.
    private static async Task AssertFails(Func<Task> call)
    {
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(call);
        Assert.True(fault is SiloUnavailableException or TimeoutException, fault.ToString());
    }

    private InProcessSiloHandle Silo(string name) => _fixture.Cluster.Silos.Single(silo => silo.Name == name);
}
