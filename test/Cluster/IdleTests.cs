using Orleans;
using Orleans.Configuration;

namespace Halo.Cluster.Tests;

/// <summary>Two silos that collect after a second of real time, which both engines keep.</summary>
public sealed class QuickCollectionFixture : ClusterFixture
{
    protected override void SetCollection(GrainCollectionOptions collection) =>
        (collection.CollectionQuantum, collection.CollectionAge) = (TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(1));
}

public sealed class IdleTests(QuickCollectionFixture fixture) : IClassFixture<QuickCollectionFixture>
{
    private readonly Signals _signals = fixture.Signals;

    [Fact]
    public async Task Collection_GrainIdle_GoesAndKeptOneStays()
    {
        IKeptGrain kept = fixture.New<IKeptGrain>();
        await kept.SetNote(new Note("kept", []));
        IProbeGrain idle = fixture.NewProbe();
        await idle.Add(1);
        Assert.Equal("ActivationIdle", await _signals.WaitAsync($"{idle.GetPrimaryKeyString()}-deactivated"));
        Assert.Equal(0, await idle.GetTotal());
        Assert.Equal("kept", (await kept.GetNote())?.Text);
        Assert.Equal(1, _signals.Count($"{kept.GetPrimaryKeyString()}-activations", 0));
    }

    [Fact]
    public async Task Collection_CallOrStreamOpen_GrainStays()
    {
        string name = Guid.NewGuid().ToString();
        IProbeGrain called = fixture.NewProbe();
        IProbeGrain streamed = fixture.NewProbe();
        await called.Add(1);
        Task<string> held = called.Hold(name);
        await using IAsyncEnumerator<Note> notes = streamed.Count(name, 10).GetAsyncEnumerator();
        for (int i = 0; i < 3; i++)
        {
            Assert.True(await notes.MoveNextAsync());
        }

        ValueTask<bool> waiting = notes.MoveNextAsync();
        IProbeGrain idle = fixture.NewProbe();
        await idle.Add(1);
        await _signals.WaitAsync($"{idle.GetPrimaryKeyString()}-deactivated");
        Assert.False(_signals.IsSet($"{called.GetPrimaryKeyString()}-deactivated"));
        Assert.False(_signals.IsSet($"{streamed.GetPrimaryKeyString()}-deactivated"));
        _signals.Set(name);
        await held;
        Assert.True(await waiting);
        Assert.Equal(1, await called.GetTotal());
    }
}
