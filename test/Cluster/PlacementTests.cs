using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;
using Orleans.TestingHost;

namespace Halo.Cluster.Tests;

public sealed class PlacementTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private readonly Signals _signals = fixture.Signals;

    [Theory]
    [InlineData("Silo_0")]
    [InlineData("Silo_1")]
    public async Task Director_PlanNamesSilo_ActivatesThere(string siloName) =>
        Assert.Equal(siloName, await fixture.NewProbe(siloName: siloName).GetSilo());

    [Fact]
    public async Task Hint_InRequestContext_OverrulesThePlan()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: "Silo_0");
        RequestContext.Set(IPlacementDirector.PlacementHintKey, fixture.Silo("Silo_1").SiloAddress);
        Assert.Equal("Silo_1", await grain.GetSilo());
        RequestContext.Clear();
        Assert.Equal("Silo_1", await grain.GetSilo());
    }

    [Fact]
    public async Task Director_NothingFits_CallFailsWithItsReasonUntilThePlanChanges()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: PlacementPlan.Nowhere);
        string key = grain.GetPrimaryKeyString();
        for (int attempt = 0; attempt < 2; attempt++)
        {
            OrleansException fault = await Assert.ThrowsAsync<OrleansException>(() => grain.Add(1));
            Assert.Contains($"No silo fits {key}.", fault.Message, StringComparison.Ordinal);
        }

        fixture.Plan.SiloByGrain[key] = "Silo_1";
        Assert.Equal("Silo_1", await grain.GetSilo());
        Assert.Equal(1, await grain.Add(1));
    }

    [Fact]
    public async Task Director_NothingFitsAGrainsCall_TheGrainLearnsTheReason()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: PlacementPlan.Nowhere);
        OrleansException fault = await Assert.ThrowsAsync<OrleansException>(() => fixture.New<IRelayGrain>().Add(grain, 1));
        Assert.Contains($"No silo fits {grain.GetPrimaryKeyString()}.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Director_PlanChangedWhileInactive_GrainComesToRestThere()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: "Silo_0");
        Assert.Equal("Silo_0", await grain.GetSilo());
        fixture.Plan.SiloByGrain[grain.GetPrimaryKeyString()] = "Silo_1";
        Assert.Equal("Silo_0", await grain.GetSilo());
        await grain.Deactivate();
        await _signals.WaitAsync($"{grain.GetPrimaryKeyString()}-deactivated");
        await ComesToRestAsync(grain, "Silo_1");
    }

    [Fact]
    public async Task FirstCalls_FromManySilosAtOnce_MakeOneActivation()
    {
        IProbeGrain grain = fixture.NewProbe();
        IRelayGrain[] relays = [fixture.New<IRelayGrain>(), fixture.New<IRelayGrain>(siloName: "Silo_1")];
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => relays[i % 2].Add(grain, 1)));
        Assert.Equal(40, await grain.GetTotal());
        Assert.Equal(1, _signals.Count($"{grain.GetPrimaryKeyString()}-activations", 0));
    }

    [Fact]
    public async Task Migrate_PlanChanged_TakesStateAlong()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: "Silo_0");
        await grain.Add(4);
        fixture.Plan.SiloByGrain[grain.GetPrimaryKeyString()] = "Silo_1";
        await grain.Migrate();
        Assert.Equal("Migrating", await _signals.WaitAsync($"{grain.GetPrimaryKeyString()}-deactivated"));
        Assert.Equal(4, await grain.GetTotal());
        Assert.Equal("Silo_1", await grain.GetSilo());
    }

    [Fact]
    public async Task Migrate_HintInContext_GoesThere()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: "Silo_0");
        await grain.Add(4);
        RequestContext.Set(IPlacementDirector.PlacementHintKey, fixture.Silo("Silo_1").SiloAddress);
        await grain.Migrate();
        RequestContext.Clear();
        await _signals.WaitAsync($"{grain.GetPrimaryKeyString()}-deactivated");
        Assert.Equal("Silo_1", await grain.GetSilo());
        Assert.Equal(4, await grain.GetTotal());
    }

    [Fact]
    public async Task Migrate_WithCallsInFlight_RunsEachOnce()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: "Silo_0");
        string name = Guid.NewGuid().ToString();
        Task<string> held = grain.Hold(name);
        await _signals.WaitAsync($"{name}-entered");
        fixture.Plan.SiloByGrain[grain.GetPrimaryKeyString()] = "Silo_1";
        Task migrated = grain.Migrate();
        Task<int>[] behind = [.. Enumerable.Range(0, 8).Select(i => grain.Add(1 << i))];
        _signals.Set(name);
        Assert.Equal("Silo_0", await held);
        await migrated;
        await Task.WhenAll(behind);
        Assert.Equal(255, await grain.GetTotal());
        Assert.Equal("Silo_1", await grain.GetSilo());
    }

    [Fact]
    public async Task Migrate_CallsDuringActivationOnNewSilo_RunOnceEach()
    {
        IProbeGrain grain = fixture.NewProbe("gated", siloName: "Silo_0");
        string key = grain.GetPrimaryKeyString();
        _signals.Set($"{key}-open-on-Silo_0");
        await grain.Add(1);
        fixture.Plan.SiloByGrain[key] = "Silo_1";
        await grain.Migrate();
        Task<int>[] before = [grain.Add(2), grain.Add(4), grain.Add(8)];
        await _signals.WaitAsync($"{key}-activating-on-Silo_1");
        Task<int>[] during = [grain.Add(16), grain.Add(32), grain.Add(64), grain.Add(128)];
        Assert.DoesNotContain(before.Concat(during), call => call.IsCompleted);
        _signals.Set($"{key}-open-on-Silo_1");
        await Task.WhenAll([.. before, .. during]);
        Assert.Equal(255, await grain.GetTotal());
    }

    [Fact]
    public async Task Migrate_AgainAndAgainUnderCalls_RunsEachOnce()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: "Silo_0");
        int expected = await grain.Add(1);
        for (int round = 1; round <= 50; round++)
        {
            string siloName = $"Silo_{round % 2}";
            fixture.Plan.SiloByGrain[grain.GetPrimaryKeyString()] = siloName;
            Task migrated = grain.Migrate();
            await Task.WhenAll([migrated, .. Enumerable.Range(0, 4).Select(i => grain.Add(round + i))]);
            await ComesToRestAsync(grain, siloName);
            expected += (4 * round) + 6;
        }

        Assert.Equal(expected, await grain.GetTotal());
    }

    [Fact]
    public async Task Migrate_DirectorKeepsSilo_GrainAnswersThere()
    {
        IProbeGrain grain = fixture.NewProbe(siloName: "Silo_1");
        await grain.Add(4);
        await grain.Migrate();
        Assert.Equal("Silo_1", await grain.GetSilo());
    }

    [Fact]
    public void Silos_AskedOnOneAnother_KnowStatesAndMetadata()
    {
        InProcessSiloHandle other = fixture.Silo("Silo_1");
        IServiceProvider services = fixture.Silo("Silo_0").ServiceProvider;
        ISiloStatusOracle oracle = services.GetRequiredService<ISiloStatusOracle>();
        Assert.Equal(SiloStatus.Active, oracle.GetApproximateSiloStatuses(true)[other.SiloAddress]);
        Assert.Equal(
            "Silo_1", services.GetRequiredService<ISiloMetadataCache>().GetSiloMetadata(other.SiloAddress).Metadata["silo"]);
    }

    // Upstream may give a migration up, and may activate a grain where a cache still has it, without asking the director; whoever wants it
    // elsewhere asks again.
    private static async Task ComesToRestAsync(IProbeGrain grain, string siloName)
    {
        for (int attempt = 0; attempt < 100 && await grain.GetSilo() != siloName; attempt++)
        {
            await grain.Migrate();
        }

        Assert.Equal(siloName, await grain.GetSilo());
    }
}
