namespace Halo.Cluster.Tests;

public sealed class IsolationTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private readonly IEchoGrain _grain = fixture.Client.GetGrain<IEchoGrain>("echo");

    [Fact]
    public async Task Argument_ChangedAfterCall_CalleeKeepsItsCopy()
    {
        Note note = new("a", [1, 2]);
        Task<Note> call = _grain.EchoAndKeep(note);
        note.Numbers.Add(3);
        Note echo = await call;
        Assert.Equal([1, 2], echo.Numbers);
        echo.Numbers.Clear();
        Assert.Equal([1, 2], (await _grain.Kept()).Numbers);
    }

    [Fact]
    public async Task Result_ChangedByTheGrainLater_CallerKeepsItsCopy()
    {
        IEchoGrain grain = fixture.Client.GetGrain<IEchoGrain>("echo of results");
        Note echo = await grain.EchoAndKeep(new Note("a", [1]));
        await grain.AddToKept(2);
        Assert.Equal([1], echo.Numbers);
        Assert.Equal([1, 2], (await grain.Kept()).Numbers);
    }

    [Fact]
    public async Task Argument_CollectionsNullablesTuples_CrossByValue()
    {
        Dictionary<string, int[]> map = new() { ["x"] = [1, 2] };
        (int sum, Dictionary<string, int[]> echo) = await _grain.EchoParts(map, 10, (100, "four"));
        Assert.Equal(117, sum);
        Assert.Equal([1, 2], echo["x"]);
        Assert.NotSame(map["x"], echo["x"]);
    }

    [Fact]
    public async Task Argument_ImmutableBetweenGrainsOfOneSilo_PassesTheSameReferenceThereAndBack() =>
        Assert.True(await _grain.PassesSame(fixture.Client.GetGrain<IEchoGrain>("other echo")));
}
