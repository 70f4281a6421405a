namespace Halo.Grains.Tests.Scheduling;

/// <summary>A head board that is about to stop.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task Drain_WhileOneRuns_LetsItEndAndAdmitsNoMore()
    {
        await using HaloCluster cluster = await HaloCluster.StartAsync(new HaloClusterOptions { Boards = 2, Threads = 1 });
        GenerationRequest request = Completions.Greedy(BundledModel.Name, "Once upon a time", 60);
        string expected = await cluster.TextAsync(request);
        ISchedulerGrain scheduler = cluster.Grains.GetGrain<ISchedulerGrain>(BundledModel.Name);
        await using IAsyncEnumerator<GenerationChunk> running =
            cluster.Grains.GetGrain<IGenerationGrain>(GrainKeys.Generation(BundledModel.Name, "running")).GenerateAsync(request).GetAsyncEnumerator();
        Assert.True(await running.MoveNextAsync());
        string text = running.Current.Text;

        await scheduler.DrainAsync();

        Orleans.Runtime.OrleansException refused = await Assert.ThrowsAsync<Orleans.Runtime.OrleansException>(() => cluster.TextAsync(request));
        Assert.Contains("being stopped", refused.Message, StringComparison.Ordinal);
        while (await running.MoveNextAsync())
        {
            text += running.Current.Text;
        }

        Assert.Equal(expected, text);
        SchedulerStatistics statistics = await scheduler.GetStatisticsAsync();
        Assert.Equal((0, 0), (statistics.RunningCount, statistics.WaitingCount));
    }
}
