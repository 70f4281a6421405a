using Halo.Grains.Models;
using Halo.Planning.Assignment;

namespace Halo.Grains.Tests.Silos;

/// <summary>Generations whose boards' silos die, where each board is a silo.</summary>
public sealed class LostBoardTests
{
    private const string ModelFile = "models/halo-tales/halo-tales-F32.gguf";

    [SharedFact(ModelFile)]
    public async Task Kill_OfTwoBoardsOneAfterTheOther_TheTextGoesOn()
    {
        await using SiloSet silos = await SiloSet.StartAsync(new PlanOptions(), ["b1*", "b2", "b3"], TestPaths.Shared(ModelFile));
        string expected = await silos.TextAsync(80);
        string text = await silos.TextAsync(80, token => token switch
        {
            10 => silos.KillAsync("b3"),
            40 => silos.KillAsync("b2"),
            _ => Task.CompletedTask,
        });
        Assert.Equal(expected, text);
        Assert.Equal(["b1"], (await silos.ModelGrain.GetPlanAsync()).ToPlan().Boards);
    }

    [Fact]
    public async Task Kill_TheRestIsTooSmall_EndsWithTheNumbers()
    {
        Exception? fault = null;
        await using SiloSet silos = await StartAsync(new PlanOptions(), () => fault);
        ModelUnavailableException told = await Assert.ThrowsAsync<ModelUnavailableException>(() => silos.TextAsync(200, token =>
        {
            fault = new PlanDoesNotFitException("Short by 3 GB.");
            return token == 3 ? silos.KillAsync("b3") : Task.CompletedTask;
        }));
        Assert.Equal(ModelFault.DoesNotFit, told.Fault);
        Assert.Contains("Short by 3 GB.", told.Message, StringComparison.Ordinal);

        fault = null;
        Assert.NotEmpty(await silos.TextAsync(5));
    }

    [Fact]
    public async Task Kill_NoPlanCanBeCarriedOut_EndsAfterAWhileWithTheReason()
    {
        Exception? fault = null;
        await using SiloSet silos = await StartAsync(new PlanOptions { Recovery = TimeSpan.FromMilliseconds(300) }, () => fault);
        ModelUnavailableException told = await Assert.ThrowsAsync<ModelUnavailableException>(() => silos.TextAsync(200, token =>
        {
            fault = new TimeoutException("no answer in time");
            return token == 3 ? silos.KillAsync("b3") : Task.CompletedTask;
        }));
        Assert.Equal(ModelFault.Failed, told.Fault);
        Assert.Contains("Board b1 does not answer", told.Message, StringComparison.Ordinal);

        fault = null;
        Assert.NotEmpty(await silos.TextAsync(5));
    }

    [Fact]
    public async Task Kill_PlansFailAtFirst_TheTextGoesOn()
    {
        int faults = 0;
        bool isFaulty = false;
        await using SiloSet silos = await StartAsync(
            new PlanOptions(), () => isFaulty && ++faults <= 20 ? new TimeoutException("no answer in time") : null);
        string text = await silos.TextAsync(30, token =>
        {
            isFaulty = true;
            return token == 3 ? silos.KillAsync("b3") : Task.CompletedTask;
        });
        Assert.NotEmpty(text);
        Assert.True(faults > 20, $"{faults} faults.");
    }

    private static Task<SiloSet> StartAsync(PlanOptions options, Func<Exception?> fault) =>
        SiloSet.StartAsync(options, ["b1*", "b2", "b3"], change: board => board.Profile.Name == "b1" ? new FaultyBoard(board, fault) : board);
}
