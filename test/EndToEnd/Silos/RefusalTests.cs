using Halo.EndToEnd.Tests.Boards;
using Halo.Silo.Engines;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>Silos that cannot take part, and what people are told.</summary>
[Collection(BoardTests.Name)]
public sealed class RefusalTests
{
    [SiloFact]
    public async Task Start_UnderATakenName_EndsAndSaysSo()
    {
        await using Fleet fleet = await Fleet.StartAsync(count: 2);
        await using SiloProgram second = SiloProgram.Launch(fleet.Describe(2) with { Ports = SiloPorts.Free(), Cache = fleet.Folder.CacheOf("second") });
        Assert.Equal(1, await second.Program.ExitAsync());
        Assert.Contains("A board named b2 is in the cluster already, at 127.0.0.1:", second.Program.Errors, StringComparison.Ordinal);
        Assert.Contains("start this one with another --name", second.Program.Errors, StringComparison.Ordinal);
        Assert.Equal(0, second.JoinCount);
        await fleet.AllServeAsync(TimeSpan.FromSeconds(15));
        Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
    }

    [SiloFact]
    public async Task Start_WithAnotherKey_GetsNothingAndTheOthersServe()
    {
        using ClusterFolder stranger = new();
        await using Fleet fleet = await Fleet.StartAsync(count: 2);
        await using SiloProgram silo = await SiloProgram.StartAsync(fleet.Describe(3) with { KeyFile = stranger.KeyFile });
        await Eventually.True(() => Task.FromResult(fleet.Logs().Contains("the cluster keys differ", StringComparison.Ordinal)), $"the reason in the log:\n{fleet.Logs()}");
        await fleet.AllServeAsync(TimeSpan.FromSeconds(15));
        Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
        BoardSight refused = (await fleet.LookAsync())["b3"];
        Assert.Equal((0, 0), (refused.Shards, refused.ReceivedWeightBytes));
    }

    [SiloFact]
    public async Task Start_WithAStoreThatIsNoDatabase_EndsAndNamesIt()
    {
        using ClusterFolder folder = new();
        string store = folder.Write("members.db", new string('x', 4096));
        await using SiloProgram silo = SiloProgram.Launch(new SiloStart { Name = "b1", KeyFile = folder.KeyFile, Store = store, Cache = folder.CacheOf("b1") });
        Assert.Equal(1, await silo.Program.ExitAsync());
        Assert.Contains(store, silo.Program.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", silo.Program.Errors, StringComparison.Ordinal);
    }

    [EmbeddedFact]
    public async Task Start_InAnEmbeddedBuild_SaysWhatToDo()
    {
        using ClusterFolder folder = new();
        string store = folder.PathOf("members.db");
        await using BuiltProgram silo = BuiltProgram.Start("Halo.Silo", "halo-silo", "--key-file", folder.KeyFile, "--cluster", store);
        await using BuiltProgram gateway = BuiltProgram.Start("Halo.Gateway", "Halo.Gateway", "--cluster", store);
        foreach (BuiltProgram program in (BuiltProgram[])[silo, gateway])
        {
            Assert.Equal(1, await program.ExitAsync());
            Assert.Contains(GrainEngine.ClusterFault!, program.Errors, StringComparison.Ordinal);
        }

        Assert.Contains("-p:GrainEngine=Orleans", GrainEngine.ClusterFault!, StringComparison.Ordinal);
        Assert.False(File.Exists(store));
    }
}

/// <summary>A fact about builds with the embedded engine; skipped in others.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EmbeddedFactAttribute : FactAttribute
{
    public EmbeddedFactAttribute() => Skip = GrainEngine.ClusterFault is null ? "needs a build with the embedded engine" : null;
}
