using System.Diagnostics;
using Halo.Grains.Models;
using Halo.Grains.Tests.Silos;

namespace Halo.Grains.Tests.Models;

/// <summary>How long a model's grain tries with a board whose silo does not answer.</summary>
public sealed class PatienceTests
{
    private const int WithoutPatience = 8; // tries, however long they take

    [Fact]
    public async Task EnsureReady_SiloAnswersAfterMoreTriesThanUsual_Succeeds()
    {
        int asked = 0;
        await using SiloSet silos = await StartAsync(TimeSpan.FromMinutes(5), () => ++asked > WithoutPatience + 2);
        ModelStatus status = await silos.ModelGrain.EnsureReadyAsync();
        Assert.Equal(WithoutPatience + 3, asked);
        Assert.Equal(asked, status.PlanVersion);
        Assert.NotEmpty(await silos.TextAsync(3));
    }

    [Fact]
    public async Task EnsureReady_SiloStaysSilent_GivesUpAfterItsPatience()
    {
        TimeSpan patience = TimeSpan.FromSeconds(3);
        bool answers = false;
        await using SiloSet silos = await StartAsync(patience, () => answers);
        long begin = Stopwatch.GetTimestamp();
        ModelUnavailableException fault = await Assert.ThrowsAsync<ModelUnavailableException>(silos.ModelGrain.EnsureReadyAsync);
        Assert.Equal(ModelFault.Failed, fault.Fault);
        Assert.Contains("Board b2 does not answer", fault.Message, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(begin) >= patience);

        answers = true;
        Assert.Equal(["b1", "b2"], (await silos.ModelGrain.GetPlanAsync()).ToPlan().Boards);
    }

    [Fact]
    public async Task EnsureReady_NoPatienceAndSilence_GivesUpAfterAFewTries()
    {
        int asked = 0;
        await using SiloSet silos = await StartAsync(TimeSpan.Zero, () => ++asked < 0);
        await Assert.ThrowsAsync<ModelUnavailableException>(silos.ModelGrain.EnsureReadyAsync);
        Assert.Equal(WithoutPatience, asked);
    }

    private static Task<SiloSet> StartAsync(TimeSpan patience, Func<bool> answers) => SiloSet.StartAsync(
        new PlanOptions { Patience = patience }, ["b1*", "b2"], change: board => board.Name == "b2" ? new FaultyBoard(board, () => answers() ? null : new TimeoutException("no answer in time")) : board);
}
