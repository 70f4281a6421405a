using Halo.EndToEnd.Tests.Boards;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>Silos whose processes stand still for a while, as boards do when their medium or their memory does.</summary>
[Collection(BoardTests.Name)]
public sealed class PauseTests(ITestOutputHelper output)
{
    private const string Board = "b3";

    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_dead = TimeSpan.FromSeconds(10);

    [SiloTheory]
    [InlineData("b3")]
    [InlineData("b1")]
    public async Task Pause_OfThreeSeconds_IsNoDeathAndWhatRunsGoesOn(string name)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        int version = await fleet.PlanVersionAsync();
        bool paused = false;
        List<string> texts = [];
        await foreach (string data in fleet.Gateway.StreamAsync(Story.Tokens))
        {
            texts.Add(data == "[DONE]" ? "" : GatewayProgram.TextOf(data));
            if (!paused && texts.Count == 5)
            {
                paused = true;
                fleet.Silos[name].Program.Freeze();
                await Task.Delay(s_short);
                fleet.Silos[name].Program.Thaw();
            }
        }

        Assert.Equal(Story.Text, string.Concat(texts));
        Assert.Equal(version, await fleet.PlanVersionAsync());
        Assert.Equal(1, fleet.Silos[name].JoinCount);
    }

    [SiloFact]
    public async Task Pause_OfFifteenSeconds_IsADeathAndTheSameProcessJoinsAnew()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        int version = await fleet.PlanVersionAsync();
        SiloProgram silo = fleet.Silos[Board];
        silo.Program.Freeze();
        Task pause = Task.Delay(s_long);
        TimeSpan dead = await fleet.UntilAsync(boards => boards[Board].State == "dead", s_dead, $"{Board} to be taken for dead");
        TimeSpan replanned = await fleet.UntilAsync(
            boards => boards.Values.Where(board => board.Name != Board).All(board => board.Serves && board.PlanVersion > version), s_dead - dead, "a plan without it");
        Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
        await pause;
        silo.Program.Thaw();
        await silo.Program.UntilAsync(() => Task.FromResult(silo.JoinCount == 2), $"{Board} to join anew");
        Assert.Contains("was taken for dead", silo.Program.Output, StringComparison.Ordinal);
        TimeSpan back = await fleet.AllServeAsync(s_long);
        output.WriteLine($"dead after {dead.TotalSeconds:0.00} s, planned anew {replanned.TotalSeconds:0.00} s later; back {back.TotalSeconds:0.00} s after it joined anew");
        Assert.True((await fleet.LookAsync())[Board].Shards > 0);
        Assert.False(silo.Program.HasExited);
        Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
    }
}
