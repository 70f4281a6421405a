using System.Diagnostics;
using Halo.EndToEnd.Tests.Boards;
using Xunit.Abstractions;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>
/// Silos whose processes are killed while requests run, and started again under their names. Every run has five rounds, the nightly one as many as
/// <c>HALO_REPEATS</c> says; the output has the times.
/// </summary>
[Collection(BoardTests.Name)]
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Seed = 5;
    private const int Idle = 4; // the board so slow that the planner gives it next to nothing

    private static readonly TimeSpan s_lost = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_back = TimeSpan.FromSeconds(15);

    [SiloFact]
    public async Task Kill_AnySilo_IsServedWithoutItAndTakesItBack()
    {
        await using Fleet fleet = await Fleet.StartAsync(
            store: null, fleet => Enumerable.Range(1, Idle).Select(number => fleet.Describe(number) with { Speed = number == Idle ? "0.001" : "1" }), GatewayProgram.StartAsync);
        Random random = new(Seed);
        Spread unseen = new("not alive"), replanned = new("planned anew"), served = new("served"), back = new("back in the plan");
        for (int round = 0; round < Math.Max(5, Nightly.Repeats); round++)
        {
            string victim = round switch
            {
                0 => await fleet.HeadAsync(),
                1 => "b3", // has no file
                2 => $"b{Idle}",
                _ => $"b{random.Next(1, Idle + 1)}",
            };
            bool wasHead = await fleet.HeadAsync() == victim;
            await using Traffic traffic = new(fleet.Gateway);
            await fleet.Gateway.CompleteAsync(8); // the traffic runs by now
            await KillAsync(fleet, victim, unseen, replanned, served);
            await fleet.RestartAsync(victim, otherPorts: round % 2 == 1);
            back.Add(await fleet.AllServeAsync(s_back));
            await traffic.StopAsync();
            output.WriteLine($"round {round}: {victim}{(wasHead ? ", the head" : "")}, {traffic.Answers.Count} answers, {traffic.Faults.Count} faults, the longest took {traffic.Longest.TotalSeconds:0.00} s");
            Assert.True(traffic.Faults.Count <= 1, string.Join('\n', traffic.Faults));
            Assert.True(traffic.Longest < Traffic.Patience, $"A request took {traffic.Longest.TotalSeconds:0.00} s.\n{fleet.Logs()}");
            Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
        }

        foreach (Spread spread in (Spread[])[unseen, replanned, served])
        {
            output.WriteLine(spread.ToString());
            Assert.True(spread.Longest < s_lost, spread.ToString());
        }

        output.WriteLine(back.ToString());
    }

    // Times are those since the kill.
    private static async Task KillAsync(Fleet fleet, string victim, Spread unseen, Spread replanned, Spread served)
    {
        int version = await fleet.PlanVersionAsync();
        fleet.Silos[victim].Program.Kill();
        long killed = Stopwatch.GetTimestamp();
        Task<TimeSpan> serving = ServedAsync(fleet.Gateway, killed);
        unseen.Add(await fleet.UntilAsync(boards => boards[victim].State != "alive", s_lost, $"{victim} to be seen dead"));
        await fleet.UntilAsync(
            boards => boards.Values.Where(board => board.Name != victim).All(board => board.Serves && board.PlanVersion > version),
            s_lost,
            $"a plan after {version} without {victim}");
        replanned.Add(Stopwatch.GetElapsedTime(killed));
        served.Add(await serving);
    }

    private static async Task<TimeSpan> ServedAsync(GatewayProgram gateway, long killed)
    {
        while ((await Traffic.AskAsync(gateway, tokens: 4)).Fault is not null && Stopwatch.GetElapsedTime(killed) < s_lost)
        {
            // The next request is the one that counts.
        }

        return Stopwatch.GetElapsedTime(killed);
    }
}
