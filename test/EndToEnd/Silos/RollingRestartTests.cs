using Halo.EndToEnd.Tests.Boards;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>Silos that are asked to end and started again, one after the other, while requests run; and one that comes beside.</summary>
[Collection(BoardTests.Name)]
public sealed class RollingRestartTests(ITestOutputHelper output)
{
    private const int Callers = 2;

    private static readonly TimeSpan s_back = TimeSpan.FromSeconds(15);

    [SiloFact]
    public async Task Restart_EachInTurn_FailsNoRequest()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        foreach (string name in (string[])["b3", "b2", "b1"])
        {
            bool isHead = await fleet.HeadAsync() == name;
            await using Traffic traffic = new(fleet.Gateway, Callers);
            await fleet.Gateway.CompleteAsync(8);
            SiloProgram leaving = fleet.Silos[name];
            leaving.Program.Terminate();
            Assert.Equal(0, await leaving.Program.ExitAsync());
            await fleet.RestartAsync(name);
            TimeSpan back = await fleet.AllServeAsync(s_back);
            await traffic.StopAsync();
            output.WriteLine($"{name}{(isHead ? ", the head" : "")}: back in the plan {back.TotalSeconds:0.00} s after it had joined; "
                + $"{traffic.Answers.Count} answers, {traffic.Faults.Count} faults, the longest took {traffic.Longest.TotalSeconds:0.00} s");
            Assert.True(traffic.Faults.Count == 0, $"{name}:\n{string.Join('\n', traffic.Faults)}\n{fleet.Logs()}");
            Assert.True(traffic.Longest < Traffic.Patience, $"A request took {traffic.Longest.TotalSeconds:0.00} s.\n{fleet.Logs()}");
        }

        Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
    }

    [SiloFact]
    public async Task Start_OfAFourthWhileRequestsRun_GivesItShardsAndFailsNone()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using Traffic traffic = new(fleet.Gateway, Callers);
        await fleet.AddAsync(fleet.Describe(4));
        TimeSpan took = await fleet.AllServeAsync(s_back);
        Assert.True((await fleet.LookAsync())["b4"].Shards > 0);
        await fleet.Gateway.CompleteAsync(8);
        await traffic.StopAsync();
        output.WriteLine($"shards {took.TotalSeconds:0.00} s after it had joined; {traffic.Answers.Count} answers, the longest took {traffic.Longest.TotalSeconds:0.00} s");
        Assert.Empty(traffic.Faults);
        Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
    }
}
