using Orleans;
using Orleans.Serialization;

namespace Halo.Cluster.Tests;

/// <summary>Where the embedded engine is stricter than upstream, or upstream keeps other times. Left out of the suite on upstream.</summary>
public sealed class EmbeddedEngineTests(VirtualTimeFixture fixture) : IClassFixture<VirtualTimeFixture>
{
    private readonly Signals _signals = fixture.Signals;
    private readonly IUnmarkedGrain _grain = fixture.Client.GetGrain<IUnmarkedGrain>("unmarked");

    /// <summary>Upstream warns when it compiles such a type, and the member stays behind.</summary>
    [Fact]
    public async Task Argument_MemberWithoutId_IsRefusedByName()
    {
        CodecNotFoundException exception =
            await Assert.ThrowsAsync<CodecNotFoundException>(() => _grain.TakeHalf(new HalfMarkedNote("x")));
        Assert.Contains("Number", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Upstream refuses to start a silo with such a method.</summary>
    [Fact]
    public async Task Argument_UnmarkedType_IsRefusedByName()
    {
        CodecNotFoundException exception = await Assert.ThrowsAsync<CodecNotFoundException>(() => _grain.Take(new UnmarkedNote("x")));
        Assert.Contains(nameof(UnmarkedNote), exception.Message, StringComparison.Ordinal);
    }

    /// <summary>As above.</summary>
    [Fact]
    public async Task Result_UnmarkedType_IsRefusedByName()
    {
        CodecNotFoundException exception = await Assert.ThrowsAsync<CodecNotFoundException>(() => _grain.Give());
        Assert.Contains(nameof(UnmarkedNote), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Collection_IdlePastAge_DeactivatesIdleGrainsOnly()
    {
        IProbeGrain idle = fixture.NewProbe();
        IProbeGrain used = fixture.NewProbe();
        await idle.Add(1);
        await used.Add(1);
        fixture.Time.Advance(TimeSpan.FromMinutes(4));
        await used.Add(1);
        fixture.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("ActivationIdle", await _signals.WaitAsync($"{idle.GetPrimaryKeyString()}-deactivated"));
        Assert.Equal(0, await idle.GetTotal());
        Assert.Equal(2, await used.GetTotal());
    }

    [Fact]
    public async Task Stream_ConsumerWaitsPastCollectionAge_GoesOn()
    {
        string name = Guid.NewGuid().ToString();
        await using IAsyncEnumerator<Note> notes = fixture.NewProbe().Count(name, 10).GetAsyncEnumerator();
        for (int i = 0; i < 3; i++)
        {
            Assert.True(await notes.MoveNextAsync());
        }

        ValueTask<bool> waiting = notes.MoveNextAsync();
        fixture.Time.Advance(TimeSpan.FromMinutes(12));
        _signals.Set(name);
        Assert.True(await waiting);
    }

    /// <summary>Upstream ends such a stream too, after a time of its own.</summary>
    [Fact]
    public async Task Stream_NeverReadAgainNorDisposed_EndsAfterCollectionAgeAndItsGrainAfterAnother()
    {
        string name = Guid.NewGuid().ToString();
        IProbeGrain grain = fixture.NewProbe();
        IAsyncEnumerator<Note> notes = grain.Count(name, 10).GetAsyncEnumerator();
        Assert.True(await notes.MoveNextAsync());
        await _signals.WaitAsync($"{name}-at-2");
        fixture.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal("on its turn", await _signals.WaitAsync($"{name}-finally"));
        Assert.False(_signals.IsSet($"{grain.GetPrimaryKeyString()}-deactivated"));
        await grain.GetTotal();
        fixture.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal("ActivationIdle", await _signals.WaitAsync($"{grain.GetPrimaryKeyString()}-deactivated"));
        await notes.DisposeAsync();
    }
}

/// <summary>Lacks the id of a member on purpose.</summary>
[GenerateSerializer]
public sealed record HalfMarkedNote([property: Id(0)] string Text)
{
    public int Number { get; init; }
}

/// <summary>Lacks [GenerateSerializer] on purpose.</summary>
public sealed record UnmarkedNote(string Text);

public interface IUnmarkedGrain : IGrainWithStringKey
{
    Task Take(UnmarkedNote note);

    Task TakeHalf(HalfMarkedNote note);

    Task<UnmarkedNote> Give();
}

public sealed class UnmarkedGrain : Grain, IUnmarkedGrain
{
    public Task Take(UnmarkedNote note) => Task.CompletedTask;

    public Task TakeHalf(HalfMarkedNote note) => Task.CompletedTask;

    public Task<UnmarkedNote> Give() => Task.FromResult(new UnmarkedNote("no"));
}
