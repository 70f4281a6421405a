using System.Diagnostics;
using System.Globalization;
using Halo.Grains;
using Halo.Silo;
using Halo.Silo.Membership;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>
/// Boards that die or freeze while a completion streams. <c>HALO_REPEATS=20</c> repeats each as often as the nightly run does and holds it to the
/// times that are promised on a machine with nothing else to do; the output has the figures.
/// </summary>
[Collection(BoardTests.Name)]
public sealed class LossTests(ITestOutputHelper output)
{
    private const string Model = BundledModel.Name;

    private static readonly TimeSpan s_killed = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_frozen = TimeSpan.FromSeconds(6);

    private static bool IsMeasured => Repeats >= 20;

    private static int Repeats { get; } = int.Parse(Environment.GetEnvironmentVariable("HALO_REPEATS") ?? "2", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Kill_WhileStreaming_TheStreamGoesOnWithoutTheBoard()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        await using HaloCluster cluster = await Heads.StartAsync(Heads.Options(folder, boards));
        string expected = await cluster.TextAsync(Model, 30);
        LossTimes times = new("kill -9");
        for (int round = 0; round < Repeats; round++)
        {
            int victim = round % boards.Count;
            await LoseAsync(cluster, boards[victim], boards[victim].Program.Kill, expected, times);
            await boards.RestartAsync(victim);
            await InServiceAsync(cluster, 3);
            Assert.Equal(expected, await cluster.TextAsync(Model, 30));
        }

        times.Report(output, Limit(s_killed));
        await NothingLeftAsync(cluster);
    }

    [Fact]
    public async Task Freeze_LongerThanDeadAfter_TheStreamGoesOnAndTheBoardIsUsedAgain()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        await using HaloCluster cluster = await Heads.StartAsync(Heads.Options(folder, boards));
        string expected = await cluster.TextAsync(Model, 30);
        LossTimes times = new("SIGSTOP");
        for (int round = 0; round < (IsMeasured ? Repeats : 1); round++)
        {
            BoardProgram victim = boards[round % boards.Count];
            await LoseAsync(cluster, victim, victim.Program.Freeze, expected, times);
            victim.Program.Thaw();
            await InServiceAsync(cluster, 3);
            Assert.Equal(expected, await cluster.TextAsync(Model, 30));
        }

        times.Report(output, Limit(s_frozen));
        await NothingLeftAsync(cluster);
    }

    [Fact]
    public async Task Freeze_ForThreeSeconds_GoesOnWithTheSameText()
    {
        using ClusterFolder folder = new();
        await using BoardSet boards = await BoardSet.StartAsync(folder, 2);
        await using HaloCluster cluster = await Heads.StartAsync(Heads.Options(folder, boards));
        string expected = await cluster.TextAsync(Model, 60);
        bool suspected = false;
        bool frozen = false;
        string text = await cluster.TextAsync(Model, 60, async soFar =>
        {
            if (!frozen && soFar.Length > 20)
            {
                frozen = true;
                boards[0].Program.Freeze();
                await Task.Delay(TimeSpan.FromSeconds(3));
                suspected = cluster.BoardViews.Any(board => board.State == BoardState.Suspect);
                boards[0].Program.Thaw();
            }
        });
        Assert.Equal(expected, text);
        Assert.True(suspected, "Nobody noticed the silence.");
        Assert.Equal(3, (await cluster.Grains.GetGrain<IModelGrain>(Model).GetPlanAsync()).ToPlan().Boards.Count);
    }

    // Tests of several projects share the machine's cores.
    private static TimeSpan Limit(TimeSpan promised) => IsMeasured ? promised : 3 * promised;

    // Streams a long completion, takes the board away in the middle of it, and asks again at once.
    private static async Task LoseAsync(HaloCluster cluster, BoardProgram victim, Action takeAway, string expected, LossTimes times)
    {
        long lost = 0;
        long last = 0;
        TimeSpan stood = TimeSpan.Zero;
        string text = await cluster.TextAsync(Model, 200, soFar =>
        {
            stood = last > 0 && Stopwatch.GetElapsedTime(last) is var gap && gap > stood ? gap : stood;
            if (lost == 0 && soFar.Length > 20)
            {
                takeAway();
                lost = Stopwatch.GetTimestamp();
            }

            last = lost == 0 ? 0 : Stopwatch.GetTimestamp();
            return Task.CompletedTask;
        });
        Assert.StartsWith(expected, text, StringComparison.Ordinal);
        Assert.Equal(expected, await cluster.TextAsync(Model, 30));
        times.Add(stood, Stopwatch.GetElapsedTime(lost));
        Assert.DoesNotContain(victim.Name, (await cluster.Grains.GetGrain<IModelGrain>(Model).GetPlanAsync()).ToPlan().Boards);
    }

    private static Task InServiceAsync(HaloCluster cluster, int count) => Eventually.True(
        async () => cluster.BoardViews.Count(board => board.State == BoardState.Alive) == count
            && (await cluster.Grains.GetGrain<IModelGrain>(Model).GetPlanAsync()).ToPlan().Boards.Count == count,
        $"{count} boards in service");

    private static async Task NothingLeftAsync(HaloCluster cluster)
    {
        foreach (BoardView board in cluster.BoardViews)
        {
            await Eventually.True(
                async () => await cluster.Grains.GetGrain<IBoardGrain>(board.Name).GetStatisticsAsync(Model) is { SequenceCount: 0, KvBytes: 0 },
                $"board {board.Name} to have neither sequences nor KV left");
        }
    }
}
