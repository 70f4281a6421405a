using Orleans.Concurrency;
using Orleans.Serialization;

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
    public async Task Argument_Immutable_PassesTheSameReference()
    {
        int[] numbers = [1];
        FrozenNote frozen = new(numbers);
        EchoGrain.Passed["numbers"] = numbers;
        EchoGrain.Passed["frozen"] = frozen;
        IEchoGrain grain = fixture.Client.GetGrain<IEchoGrain>("echo");
        Assert.True(await grain.IsSame(numbers.AsImmutable(), "numbers"));
        Assert.True(await grain.IsSameFrozen(frozen, "frozen"));
    }

    [Fact]
    public async Task Argument_UnmarkedType_IsRefusedByName()
    {
        CodecNotFoundException exception = await Assert.ThrowsAsync<CodecNotFoundException>(() => _grain.Take(new UnmarkedNote("x")));
        Assert.Contains(nameof(UnmarkedNote), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_UnmarkedType_IsRefusedByName()
    {
        CodecNotFoundException exception = await Assert.ThrowsAsync<CodecNotFoundException>(() => _grain.Give());
        Assert.Contains(nameof(UnmarkedNote), exception.Message, StringComparison.Ordinal);
    }
}
