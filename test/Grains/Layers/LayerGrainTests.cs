using System.Runtime.InteropServices;

namespace Halo.Grains.Tests.Layers;

/// <summary>The all-reduce of a layer's grain, from step to step and from plan to plan.</summary>
public sealed class LayerGrainTests
{
    [Fact]
    public async Task Contribute_NewPlanCountsStepsAnew_IsAdded()
    {
        await using HaloCluster cluster = await HaloCluster.StartAsync(new HaloClusterOptions { Boards = 1, Threads = 1 });
        ILayerGrain layer = cluster.Grains.GetGrain<ILayerGrain>("halo-tales/0");
        await Task.WhenAll(layer.ContributeAsync(Of(plan: 1, step: 700, board: 0, 1)), layer.ContributeAsync(Of(plan: 1, step: 700, board: 1, 2)));

        StageTotal[] totals = await Task.WhenAll(
            layer.ContributeAsync(Of(plan: 2, step: 1, board: 0, 3)), layer.ContributeAsync(Of(plan: 2, step: 1, board: 1, 4)));

        Assert.All(totals, total => Assert.Equal(7, MemoryMarshal.Read<float>(total.Sum)));
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(1, 9)]
    public async Task Contribute_StepIsOver_IsRefused(int plan, long step)
    {
        await using HaloCluster cluster = await HaloCluster.StartAsync(new HaloClusterOptions { Boards = 1, Threads = 1 });
        ILayerGrain layer = cluster.Grains.GetGrain<ILayerGrain>("halo-tales/0");
        await Task.WhenAll(layer.ContributeAsync(Of(plan: 2, step: 5, board: 0, 1)), layer.ContributeAsync(Of(plan: 2, step: 5, board: 1, 2)));

        Orleans.Runtime.OrleansException fault =
            await Assert.ThrowsAsync<Orleans.Runtime.OrleansException>(() => layer.ContributeAsync(Of(plan, step, board: 0, 1)));

        Assert.Contains("step 5 of plan 2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Contribute_StepIsGivenUp_TellsThoseWhoWait()
    {
        await using HaloCluster cluster = await HaloCluster.StartAsync(new HaloClusterOptions { Boards = 1, Threads = 1 });
        ILayerGrain layer = cluster.Grains.GetGrain<ILayerGrain>("halo-tales/0");
        Task<StageTotal> waiting = layer.ContributeAsync(Of(plan: 1, step: 5, board: 0, 1));

        Task<StageTotal> next = layer.ContributeAsync(Of(plan: 1, step: 6, board: 0, 1));

        await Assert.ThrowsAsync<Orleans.Runtime.OrleansException>(() => waiting);
        await layer.ContributeAsync(Of(plan: 1, step: 6, board: 1, 1));
        await next;
    }

    private static StageContribution Of(int plan, long step, int board, float value) =>
        new(plan, step, Stage: 0, board, BoardCount: 2, BitConverter.GetBytes(value));
}
