using Halo.Grains.Models;
using Halo.Planning.Assignment;

namespace Halo.Grains.Tests.Silos;

/// <summary>A model's grains on silos that come and go.</summary>
public sealed class SiloSetTests
{
    private const string ModelFile = "models/halo-tales/halo-tales-F32.gguf";

    [Fact]
    public async Task EnsureReady_NoPlanYet_PutsTheHeadOnTheFirstBoardWithTheFile()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions(), ["b1", "b10*", "b3*"]);
        Assert.Equal("b3", (await silos.ModelGrain.EnsureReadyAsync()).HeadBoard);
    }

    [Fact]
    public async Task EnsureReady_UserNamedAHeadBoard_PutsItThere()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions { HeadBoard = "b3" }, ["b1*", "b3*"]);
        Assert.Equal("b3", (await silos.ModelGrain.EnsureReadyAsync()).HeadBoard);
    }

    [Fact]
    public async Task EnsureReady_NoBoardHasTheFile_SaysSoUntilOneComes()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions(), ["b1", "b2*"]);
        await silos.StopAsync("b2");
        ModelUnavailableException fault = await Assert.ThrowsAsync<ModelUnavailableException>(silos.ModelGrain.EnsureReadyAsync);
        Assert.Equal(ModelFault.Unknown, fault.Fault);
        Assert.Contains(SiloSet.Model, fault.Message, StringComparison.Ordinal);

        await silos.StartAsync("b2*");
        ModelStatus? status = null;
        await Eventually.True(
            async () =>
            {
                try
                {
                    status = await silos.ModelGrain.EnsureReadyAsync();
                    return true;
                }
                catch (ModelUnavailableException)
                {
                    return false; // the grain that knew of no file has not ended yet
                }
            },
            "the model to be ready on b2");
        Assert.Equal("b2", status!.HeadBoard);
    }

    [Fact]
    public async Task EnsureReady_HeadBoardIsGone_MakesANewerPlanThanAnyBoardKnows()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions(), ["b1*", "b2*", "b3"]);
        Plan plan = (await silos.ModelGrain.GetPlanAsync()).ToPlan();
        Assert.Equal((1, "b1"), (plan.Version, plan.HeadBoard));
        for (int move = 0; move < 3; move++)
        {
            ShardAssignment shard = plan.Shards[move];
            plan = (await silos.ModelGrain.MoveShardAsync(shard.Shard.ToString(), shard.Board == "b3" ? "b2" : "b3")).ToPlan();
        }

        Assert.Equal(4, plan.Version);
        Assert.Equal((int[])[4, 4, 4], await VersionsAsync(silos, "b1", "b2", "b3"));
        string expected = await silos.TextAsync(20);

        await silos.KillAsync("b1");
        ModelStatus status = await silos.ModelGrain.EnsureReadyAsync();
        Assert.Equal("b2", status.HeadBoard);
        Assert.True(status.PlanVersion > 4, $"plan {status.PlanVersion}");
        Assert.Equal((int[])[status.PlanVersion, status.PlanVersion], await VersionsAsync(silos, "b2", "b3"));
        Assert.Equal(expected, await silos.TextAsync(20));
    }

    [Fact]
    public async Task GetNewestPlanVersion_OfAModelWithoutPlan_IsZero()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions(), ["b1*"]);
        Assert.Equal((int[])[0], await VersionsAsync(silos, "b1"));
        Assert.Equal(0, await silos.Grains.GetGrain<IBoardGrain>("b1").GetNewestPlanVersionAsync("other"));
    }

    [SharedFact(ModelFile)]
    public async Task WithdrawBoard_WhileAGenerationRuns_GoesOnWithoutItAndTakesItBackWhenItComesAnew()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions(), ["b1*", "b2", "b3"], TestPaths.Shared(ModelFile));
        string expected = await silos.TextAsync(100);
        Assert.Equal(["b1", "b2", "b3"], await BoardsAsync(silos));

        Task withdrawing = Task.CompletedTask;
        string text = await silos.TextAsync(100, token =>
        {
            withdrawing = token == 20 ? silos.ModelGrain.WithdrawBoardAsync("b3") : withdrawing;
            return Task.CompletedTask;
        });
        await withdrawing;
        Assert.Equal(expected, text);
        Assert.Equal(["b1", "b2"], await BoardsAsync(silos));

        await silos.StopAsync("b3");
        Assert.Equal(["b1", "b2"], await BoardsAsync(silos));
        await silos.StartAsync("b3");
        Assert.Equal(["b1", "b2", "b3"], await BoardsAsync(silos));
        Assert.Equal(expected, await silos.TextAsync(100));
    }

    [Fact]
    public async Task WithdrawBoard_BeforeAnyPlan_IsLeftOutOfTheFirst()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions(), ["b1*", "b2"]);
        await silos.ModelGrain.WithdrawBoardAsync("b2");
        Assert.Equal(["b1"], await BoardsAsync(silos));
        await silos.ModelGrain.WithdrawBoardAsync("b9"); // unknown: nothing to do
    }

    [Fact]
    public async Task GetStatus_BeforeAndAfterAPlan_TellsBoardsModelsAndTheHead()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions(), ["b10*", "b2*", "b1"]);
        IClusterGrain cluster = silos.Grains.GetGrain<IClusterGrain>("cluster");
        ClusterStatus before = await cluster.GetStatusAsync();
        Assert.Equal(["b1", "b2", "b10"], before.Boards.Select(board => board.Name));
        Assert.Equal(new BoardPresence("b2", "http://b2.local:5100", true, 3, 1e9, 1L << 30), before.Boards[1]);
        ModelPresence model = Assert.Single(before.Models);
        Assert.Equal((SiloSet.Model, ""), (model.Name, model.HeadBoard));
        Assert.Equal(["b2", "b10"], model.Holders);

        await silos.ModelGrain.EnsureReadyAsync();
        Assert.Equal("b2", Assert.Single((await cluster.GetStatusAsync()).Models).HeadBoard);
        await silos.StopAsync("b10");
        ClusterStatus after = await cluster.GetStatusAsync();
        Assert.Equal(["b1", "b2"], after.Boards.Select(board => board.Name));
        Assert.Equal(["b2"], Assert.Single(after.Models).Holders);
    }

    private static async Task<IReadOnlyList<string>> BoardsAsync(SiloSet silos) => (await silos.ModelGrain.GetPlanAsync()).ToPlan().Boards;

    private static Task<int[]> VersionsAsync(SiloSet silos, params string[] boards) =>
        Task.WhenAll(boards.Select(board => silos.Grains.GetGrain<IBoardGrain>(board).GetNewestPlanVersionAsync(SiloSet.Model)));
}
