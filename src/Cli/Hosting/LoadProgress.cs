using Halo.Boards;
using Halo.Grains;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;
using Halo.Silo;

namespace Halo.Cli.Hosting;

/// <summary>How far the weights have come that boards in other processes need, while a model is made ready.</summary>
internal static class LoadProgress
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Reports until the model is ready: bytes sent by bytes that the boards' shards have. Weights that a board has on its disk are not sent,
    /// so that it may end well before 1.
    /// </summary>
    /// <param name="cluster">The boards, all in service.</param>
    /// <param name="model">The model.</param>
    /// <param name="options">As the cluster was started with.</param>
    /// <param name="ready">Ends when the model is ready.</param>
    /// <param name="progress">Takes the share, 0 to 1.</param>
    internal static async Task ReportAsync(HaloCluster cluster, LoadedModel model, HaloClusterOptions options, Task ready, IProgress<double> progress)
    {
        string[] remote = [.. cluster.BoardViews.Where(board => board.Address is not null).Select(board => board.Name)];
        long needed = BytesOf(cluster, model, options, remote);
        while (needed > 0 && await Task.WhenAny(ready, Task.Delay(s_interval)) != ready)
        {
            Task<BoardStatistics[]> asked = Task.WhenAll(remote.Select(board => cluster.Grains.GetGrain<IBoardGrain>(board).GetStatisticsAsync(model.Name)));
            if (await Task.WhenAny(ready, asked) == asked && asked.IsCompletedSuccessfully)
            {
                progress.Report(Math.Min(1, (double)asked.Result.Sum(board => board.ReceivedWeightBytes) / needed));
            }
        }
    }

    // The plan itself is told when it is carried out, which is too late; this is what it will be, but for ties between boards.
    private static long BytesOf(HaloCluster cluster, LoadedModel model, HaloClusterOptions options, IEnumerable<string> boards)
    {
        try
        {
            Plan plan = Planner.Create(
                model.Profile,
                [.. cluster.BoardViews.Select(board => new BoardProfile(board.Name, board.BytesPerSecond, board.MemoryBytes))],
                new PlanRequest { KvPositions = options.KvPositions, HeadBoard = cluster.Boards.Boards[0].Name, HeadHoldsShards = options.HeadHoldsShards });
            return boards.Select(board => BoardMemory.Of(plan, model.Profile, board)).Sum(memory => memory.Attention + memory.FeedForward + memory.Vocabulary);
        }
        catch (PlanDoesNotFitException)
        {
            return 0; // The model grain says so, with the numbers.
        }
    }
}
