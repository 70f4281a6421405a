using Orleans;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Halo.Cluster.Tests;

/// <summary>Each test has a cluster of its own, for it starts or ends silos.</summary>
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
        await _fixture.Cluster.KillSiloAsync(_fixture.Silo("Silo_1"));
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
        await _fixture.Cluster.KillSiloAsync(_fixture.Silo("Silo_1"));
        await AssertFails(async () => await waiting);
        Assert.False(_fixture.Signals.IsSet("nobody"));
        _fixture.Signals.Set("nobody");
    }

    [Fact]
    public async Task Kill_GrainsCallInFlight_TheGrainLearnsItAndGoesOn()
    {
        IRelayGrain relay = _fixture.New<IRelayGrain>();
        IProbeGrain grain = _fixture.NewProbe(siloName: "Silo_1");
        Task<string> held = relay.Hold(grain, "never");
        await _fixture.Signals.WaitAsync("never-entered");
        await _fixture.Cluster.KillSiloAsync(_fixture.Silo("Silo_1"));
        await AssertFails(() => held);
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        Assert.Equal(1, await relay.Add(grain, 1));
        _fixture.Signals.Set("never");
    }

    [Fact]
    public async Task Kill_CallsFromAllSurvivors_MakeOneActivationEach()
    {
        await _fixture.Cluster.StartAdditionalSiloAsync();
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync();
        IProbeGrain[] grains = [.. Enumerable.Range(0, 8).Select(_ => _fixture.NewProbe(siloName: "Silo_1"))];
        IRelayGrain[] relays = [_fixture.New<IRelayGrain>(siloName: "Silo_0"), _fixture.New<IRelayGrain>(siloName: "Silo_2")];
        await Task.WhenAll(grains.SelectMany(grain => relays.Select(relay => relay.Add(grain, 1))));
        Array.ForEach(grains, grain => _fixture.Plan.SiloByGrain[grain.GetPrimaryKeyString()] = "Silo_2");
        await _fixture.Cluster.KillSiloAsync(_fixture.Silo("Silo_1"));
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        await Task.WhenAll(grains.SelectMany(grain => Enumerable.Range(0, 10).Select(i => relays[i % 2].Add(grain, 1))));
        foreach (IProbeGrain grain in grains)
        {
            Assert.Equal("Silo_2", await grain.GetSilo());
            Assert.Equal(10, await grain.GetTotal());
            Assert.Equal(2, _fixture.Signals.Count($"{grain.GetPrimaryKeyString()}-activations", 0));
        }
    }

    [Fact]
    public async Task Kill_KeptGrain_IsPlacedAnewWithoutItsState()
    {
        IKeptGrain grain = _fixture.New<IKeptGrain>(siloName: "Silo_1");
        await grain.SetNote(new Note("lost", []));
        await _fixture.Cluster.KillSiloAsync(_fixture.Silo("Silo_1"));
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        Assert.Equal("Silo_0", await grain.GetSilo());
        Assert.Null(await grain.GetNote());
    }

    [Fact]
    public async Task Kill_DirectorWantsTheDead_RefusesUntilItComesAnew()
    {
        IProbeGrain grain = _fixture.NewProbe(siloName: PlacementPlan.Only("Silo_1"));
        await grain.Add(1);
        await _fixture.Cluster.KillSiloAsync(_fixture.Silo("Silo_1"));
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        await Assert.ThrowsAsync<OrleansException>(() => grain.Add(1));
        InProcessSiloHandle anew = await _fixture.Cluster.StartAdditionalSiloAsync();
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync();
        _fixture.Plan.SiloByGrain[grain.GetPrimaryKeyString()] = PlacementPlan.Only(anew.Name);
        await Eventually.True(() => IsPlacedAsync(grain), $"{anew.Name} to be known to the director");
        Assert.Equal(anew.Name, await grain.GetSilo());
        Assert.Equal(1, await grain.Add(1));
    }

    [Fact]
    public async Task Stop_Gracefully_DeactivatesAndCallsGoOnElsewhere()
    {
        IProbeGrain grain = _fixture.NewProbe(siloName: "Silo_1");
        await grain.Add(1);
        await _fixture.Cluster.StopSiloAsync(_fixture.Silo("Silo_1"));
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

    // Upstream, a grain that comes back to a silo which it left just now may meet its old activation there and lose what it takes along.
    [Fact]
    public async Task Migrate_FromSiloToSilo_TakesItsOwnTypesAlong()
    {
        await _fixture.Cluster.StartAdditionalSiloAsync();
        await _fixture.Cluster.StartAdditionalSiloAsync();
        await _fixture.Cluster.WaitForLivenessToStabilizeAsync();
        IKeptGrain grain = _fixture.New<IKeptGrain>();
        await grain.SetNote(new Note("kept", [1, 2]));
        foreach (string siloName in new[] { "Silo_1", "Silo_2", "Silo_3" })
        {
            IRelayGrain neighbour = _fixture.New<IRelayGrain>(siloName: await grain.GetSilo());
            await Eventually.True(() => PlacesOnAsync(neighbour, siloName), $"{siloName} to be known where the grain is");
            _fixture.Plan.SiloByGrain[grain.GetPrimaryKeyString()] = siloName;
            await grain.Migrate();
            await Eventually.True(async () => await grain.GetSilo() == siloName, $"the grain on {siloName}");
            Note? note = await grain.GetNote();
            Assert.Equal("kept", note?.Text);
            Assert.Equal([1, 2], note!.Numbers);
        }
    }

    private async Task<bool> PlacesOnAsync(IRelayGrain caller, string siloName)
    {
        IProbeGrain probe = _fixture.NewProbe(siloName: siloName);
        await caller.Add(probe, 1);
        return await probe.GetSilo() == siloName;
    }

    private static async Task<bool> IsPlacedAsync(IProbeGrain grain)
    {
        try
        {
            await grain.GetSilo();
            return true;
        }
        catch (OrleansException)
        {
            return false;
        }
    }

    // Upstream, a client that does not live in a silo waits for its response timeout, unless the silo was its gateway.
    private static async Task AssertFails(Func<Task> call)
    {
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(call);
        Assert.True(fault is SiloUnavailableException or TimeoutException, fault.ToString());
    }
}
