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
    public async Task Argument_CollectionsNullablesTuples_CrossByValue()
    {
        Dictionary<string, int[]> map = new() { ["x"] = [1, 2] };
        (int sum, Dictionary<string, int[]> echo) = await _grain.EchoParts(map, 10, (100, "four"));
        Assert.Equal(117, sum);
        Assert.Equal([1, 2], echo["x"]);
        Assert.NotSame(map["x"], echo["x"]);
    }

    [Fact]
    public async Task Argument_ImmutableBetweenGrainsOfOneSilo_PassesTheSameReference() =>
        Assert.True(await _grain.PassesSame(fixture.Client.GetGrain<IEchoGrain>("other echo")));
}
