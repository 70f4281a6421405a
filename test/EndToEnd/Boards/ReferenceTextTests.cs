using Halo.Fabric.Streams;
using Halo.Planning.Assignment;
using Halo.Silo;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>Boards in processes of their own give the text that one machine gives.</summary>
[Collection(BoardTests.Name)]
public sealed class ReferenceTextTests
{
    private static readonly (string Folder, string File)[] s_models =
        [("stories260K", "stories260K-F32.gguf"), ("halo-tales", "halo-tales-F32.gguf")];

    [SharedFact("models/stories260K/stories260K-F32.gguf", "models/halo-tales/halo-tales-F32.gguf")]
    public async Task Generate_TwoFourSevenProcessesWithUnequalShares_GivesReferenceText()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 6);
        foreach (int processes in new[] { 2, 4, 7 })
        {
            foreach (Topology topology in (Topology[])[Topology.Mesh, Topology.Star])
            {
                double[] speeds = [.. Enumerable.Range(0, processes).Select(board => (double)(1 << (board % 3)))]; // 1,2,4,1,2,4,1
                HaloClusterOptions options = Heads.Options(folder, [.. boards.Take(processes - 1)], speeds);
                options.Topology = topology;
                await CheckAsync(options, plan => Assert.Equal(processes, plan.Boards.Count));
            }
        }
    }

    [SharedFact("models/stories260K/stories260K-F32.gguf", "models/halo-tales/halo-tales-F32.gguf")]
    public async Task Generate_HeadBoardWithoutShards_GivesReferenceText()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        HaloClusterOptions options = Heads.Options(folder, boards);
        options.HeadHoldsShards = false;
        await CheckAsync(options, plan => Assert.DoesNotContain(
            plan.ShardsOf(plan.HeadBoard), shard => shard.Shard.Kind != Planning.ShardKind.Vocabulary));
    }

    private static async Task CheckAsync(HaloClusterOptions options, Action<Plan> checkPlan)
    {
        foreach ((string folder, string file) in s_models)
        {
            options.Models[folder] = TestPaths.Shared($"models/{folder}/{file}");
        }

        await using HaloCluster cluster = await Heads.StartAsync(options);
        foreach ((string folder, string file) in s_models)
        {
            Assert.Equal(Heads.ReferenceText(folder, file), await cluster.TextAsync(folder, 200));
            checkPlan((await cluster.Grains.GetGrain<Grains.IModelGrain>(folder).GetPlanAsync()).ToPlan());
        }
    }
}
