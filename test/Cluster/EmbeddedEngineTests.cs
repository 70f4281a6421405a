using Orleans;
using Orleans.Serialization;

namespace Halo.Cluster.Tests;

/// <summary>Where the embedded engine is stricter than upstream, or upstream keeps other times. Left out of the suite on upstream.</summary>
public sealed class EmbeddedEngineTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private readonly Signals _signals = fixture.Signals;

    /// <summary>Upstream warns when it compiles such a type, and the member stays behind.</summary>
    [Fact]
    public async Task Argument_MemberWithoutId_IsRefusedByName()
    {
        IEchoGrain grain = fixture.Client.GetGrain<IEchoGrain>("echo");
        CodecNotFoundException exception =
            await Assert.ThrowsAsync<CodecNotFoundException>(() => grain.TakeHalf(new HalfMarkedNote("x")));
        Assert.Contains("Number", exception.Message, StringComparison.Ordinal);
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
