using System.Diagnostics;
using Halo.EndToEnd.Tests.Boards;
using Halo.Lab.Model;
using Halo.Lab.Net;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>Silos in network namespaces of their own, over links that lose and delay packets.</summary>
[Collection(BoardTests.Name)]
public sealed class LossyLinkTests
{
    private const int Count = 3;
    private const int Tokens = 40;
    private const ulong Seed = 5;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(2.5);
    private static readonly TimeSpan s_watched = TimeSpan.FromSeconds(30);

    [LaboratorySiloFact]
    public Task Complete_AtFivePercentLoss_GivesTheTextAndNoSiloIsTakenForDead() => ServeAsync(loss: 0.05);

    [NightlyLaboratorySiloFact]
    public Task Complete_AtOnePercentLoss_GivesTheTextAndNoSiloIsTakenForDead() => ServeAsync(loss: 0.01);

    private static async Task ServeAsync(double loss)
    {
        using LabNetwork network = LabNetwork.Create(Count, Seed);
        await using Fleet fleet = await Fleet.StartAsync(
            store: null,
            fleet => network.Boards.Select((board, index) => fleet.Describe(index + 1) with
            {
                Address = board.Address,
                Starter = board.Start,
                More = ["--transport", "datagram"],
            }),
            (_, arguments) => GatewayProgram.StartInAsync(network.Boards[0], arguments));
        int version = await fleet.PlanVersionAsync();
        await network.ChangeAsync((model, now) => model.SetAll(new LinkSettings { Loss = loss, Delay = s_delay }, now));
        long begin = Stopwatch.GetTimestamp();
        do
        {
            string text = await fleet.Gateway.CompleteAsync(Tokens);
            Assert.True(Story.IsBeginning(text, Tokens), text);
        }
        while (Stopwatch.GetElapsedTime(begin) < s_watched);

        Assert.Equal(version, await fleet.PlanVersionAsync());
        Assert.All(fleet.Silos.Values, silo => Assert.Equal(1, silo.JoinCount));
        Assert.DoesNotContain("is lost", fleet.Logs(), StringComparison.Ordinal);
    }
}

/// <summary>A fact about silos in network namespaces; skipped, with the reason, where this process may not make them.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LaboratorySiloFactAttribute : FactAttribute
{
    public LaboratorySiloFactAttribute() => Skip = SiloSkip.Reason ?? LabRights.Missing();
}

/// <summary>The same in the nightly run only.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NightlyLaboratorySiloFactAttribute : FactAttribute
{
    public NightlyLaboratorySiloFactAttribute() => Skip = SiloSkip.Reason ?? LabRights.Missing() ?? SiloSkip.Nightly;
}
