using Halo.EndToEnd.Tests.Boards;
using Halo.Grains;
using Halo.Inference.Model;
using Halo.Planning;
using Halo.Planning.Assignment;
using Halo.Silo.Clustering;
using Halo.Silo.Engines;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;

namespace Halo.EndToEnd.Tests.Silos.Orleans;

/// <summary>Where grains are, as the engine itself tells, and what goes past them.</summary>
[Collection(BoardTests.Name)]
public sealed class GrainPlaceTests
{
    [SiloFact]
    public async Task Complete_OverDatagrams_CarriesStagesOnTheFabricAndPlacesShardsByThePlan()
    {
        await using Fleet fleet = await Fleet.StartAsync(3, null, "--transport", "datagram");
        IReadOnlyDictionary<string, BoardSight> before = await fleet.LookAsync();
        Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
        IReadOnlyDictionary<string, BoardSight> after = await fleet.LookAsync();
        Assert.All(after.Values, board => Assert.InRange(board.SentBytes - before[board.Name].SentBytes, LeastBytes(boards: 3), long.MaxValue));

        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        await using GrainClient client = await GrainEngine.ConnectAsync(MembershipStore.Parse(fleet.Store), "halo", NullLoggerFactory.Instance, patience.Token);
        IManagementGrain management = client.Grains.GetGrain<IManagementGrain>(0);
        DetailedGrainStatistic[] grains = await management.GetDetailedGrainStatistics();
        Assert.DoesNotContain(grains, grain => IsA(grain, "LayerGrain"));

        Plan plan = (await client.Grains.GetGrain<IModelGrain>(Story.Model).GetPlanAsync()).ToPlan();
        Dictionary<SiloAddress, string> names = (await management.GetDetailedHosts(onlyActive: true)).ToDictionary(silo => silo.SiloAddress, silo => silo.SiloName);
        Assert.Equal(
            plan.Shards.Select(shard => (shard.Shard, shard.Board)).Order(),
            grains.Where(grain => IsA(grain, "NeuronShardGrain")).Select(grain => (GrainKeys.ShardOf(grain.GrainId.Key.ToString()!).Shard, names[grain.SiloAddress])).Order());
        Assert.All(plan.Boards, board => Assert.Equal(plan.ShardsOf(board).Count(), after[board].Shards));
    }

    private static bool IsA(DetailedGrainStatistic grain, string type) => grain.GrainType.Contains($".{type}", StringComparison.Ordinal);

    // Mesh: for every token and stage, two a layer, a board sends its sums to each of the others.
    private static long LeastBytes(int boards)
    {
        using ModelWeights weights = ModelWeights.Open(Story.File);
        return (long)Story.Tokens * weights.Config.LayerCount * 2 * weights.Config.HiddenSize * sizeof(float) * (boards - 1);
    }
}
