using Orleans;
using Orleans.Runtime;

namespace Halo.Cluster.Tests;

public sealed class StreamTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private readonly Signals _signals = fixture.Signals;

    [Fact]
    public async Task Stream_ReadToEnd_KeepsOrderAndIsolatesValues()
    {
        string name = Guid.NewGuid().ToString();
        _signals.Set(name);
        int next = 0;
        await foreach (Note note in fixture.NewProbe().Count(name, 250))
        {
            Assert.Equal($"{next}", note.Text);
            Assert.Equal(++next, note.Numbers.Count);
        }

        Assert.Equal(250, next);
        Assert.Equal("on its turn", await _signals.WaitAsync($"{name}-finally"));
    }

    [Fact]
    public async Task Stream_ElementReady_ArrivesWhileProducerWaits()
    {
        string name = Guid.NewGuid().ToString();
        await using IAsyncEnumerator<Note> notes = fixture.NewProbe().Count(name, 10).GetAsyncEnumerator();
        for (int i = 0; i < 3; i++)
        {
            Assert.True(await notes.MoveNextAsync());
        }

        ValueTask<bool> waiting = notes.MoveNextAsync();
        Assert.False(waiting.IsCompleted);
        _signals.Set(name);
        Assert.True(await waiting);
    }

    [Fact]
    public async Task Stream_NotConsumed_ProducerRunsABatchAheadAtMost()
    {
        string name = Guid.NewGuid().ToString();
        _signals.Set(name);
        await using IAsyncEnumerator<Note> notes = fixture.NewProbe().Count(name, 100_000).GetAsyncEnumerator();
        Assert.True(await notes.MoveNextAsync());
        Assert.False(_signals.IsSet($"{name}-at-200"));
    }

    [Fact]
    public async Task Stream_DisposedEarly_RunsFinallyOnTheGrainsTurn()
    {
        string name = Guid.NewGuid().ToString();
        await foreach (Note note in fixture.NewProbe().Count(name, 10))
        {
            break;
        }

        Assert.Equal("on its turn", await _signals.WaitAsync($"{name}-finally"));
    }

    [Fact]
    public async Task Stream_Cancelled_ConsumerThrowsAndFinallyRuns()
    {
        string name = Guid.NewGuid().ToString();
        using CancellationTokenSource cancellation = new();
        await using (IAsyncEnumerator<Note> notes = fixture.NewProbe().Count(name, 10).GetAsyncEnumerator(cancellation.Token))
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.True(await notes.MoveNextAsync());
            }

            ValueTask<bool> waiting = notes.MoveNextAsync();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        }

        await _signals.WaitAsync($"{name}-finally");
    }

    [Fact]
    public async Task Stream_CancelledByItsArgument_ConsumerThrowsAndFinallyRuns()
    {
        string name = Guid.NewGuid().ToString();
        using CancellationTokenSource cancellation = new();
        int count = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (Note note in fixture.NewProbe().Count(name, 10, cancellation.Token))
            {
                if (++count == 3)
                {
                    await cancellation.CancelAsync();
                }
            }
        });
        Assert.Equal(3, count);
        await _signals.WaitAsync($"{name}-finally");
    }

    [Fact]
    public async Task Stream_CancelledBeforehand_NeverStarts()
    {
        string name = Guid.NewGuid().ToString();
        IProbeGrain grain = fixture.NewProbe();
        await using (IAsyncEnumerator<Note> notes = grain.Count(name, 10).GetAsyncEnumerator(new CancellationToken(canceled: true)))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await notes.MoveNextAsync());
        }

        await grain.GetTotal();
        Assert.False(_signals.IsSet($"{name}-at-0"));
    }

    [Theory]
    [InlineData("Silo_0", false)]
    [InlineData("Silo_1", false)]
    [InlineData("Silo_0", true)]
    [InlineData("Silo_1", true)]
    public async Task Stream_ThroughAnotherGrain_ItsEndFreesBothProducers(string siloName, bool isCancelled)
    {
        string name = Guid.NewGuid().ToString();
        IProbeGrain source = fixture.NewProbe(siloName: siloName);
        using CancellationTokenSource cancellation = new();
        await using (IAsyncEnumerator<Note> notes =
            fixture.New<IRelayGrain>().Relay(source, name, 10).GetAsyncEnumerator(cancellation.Token))
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.True(await notes.MoveNextAsync());
            }

            if (isCancelled)
            {
                ValueTask<bool> waiting = notes.MoveNextAsync();
                await cancellation.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
            }
        }

        await _signals.WaitAsync($"{name}-finally");
        await _signals.WaitAsync($"{name}-relay-ended");
    }

    [Fact]
    public async Task Stream_CancelledBeforeActivation_NeverStarts()
    {
        string name = Guid.NewGuid().ToString();
        IProbeGrain grain = fixture.NewProbe("gated");
        using CancellationTokenSource cancellation = new();
        await using (IAsyncEnumerator<Note> notes = grain.Count(name, 10).GetAsyncEnumerator(cancellation.Token))
        {
            ValueTask<bool> waiting = notes.MoveNextAsync();
            await _signals.WaitAsync($"{grain.GetPrimaryKeyString()}-activating-on-Silo_0");
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        }

        _signals.Set($"{grain.GetPrimaryKeyString()}-open-on-Silo_0");
        await grain.GetTotal();
        Assert.False(_signals.IsSet($"{name}-at-0"));
    }

    [Fact]
    public async Task Stream_ProducerThrows_ReadyElementsComeFirst()
    {
        string name = Guid.NewGuid().ToString();
        _signals.Set($"{name}-throws");
        await using IAsyncEnumerator<Note> notes = fixture.NewProbe().Count(name, 10).GetAsyncEnumerator();
        Assert.True(await notes.MoveNextAsync());
        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(async () => await notes.MoveNextAsync());
        Assert.Equal("midway", exception.Message);
    }

    // A grain of one request goes with it; the request's answer, or its fault, must not.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_GrainDeactivatesItselfAtTheEnd_ConsumerGetsAllAndTheIteratorsOwnEnd(bool throws)
    {
        for (int round = 0; round < 300; round++)
        {
            List<int> received = [];
            ArgumentException? fault = null;
            try
            {
                await foreach (int item in fixture.NewProbe().CountAndLeave(5, throws))
                {
                    received.Add(item);
                }
            }
            catch (ArgumentException exception)
            {
                fault = exception;
            }

            Assert.Equal([0, 1, 2, 3, 4], received);
            Assert.Equal(throws ? "at the end" : null, fault?.Message);
        }
    }

    [Fact]
    public async Task Stream_GrainDeactivatedMidway_ConsumerThrowsEnumerationAborted()
    {
        string name = Guid.NewGuid().ToString();
        IProbeGrain grain = fixture.NewProbe();
        await using IAsyncEnumerator<Note> notes = grain.Count(name, 10).GetAsyncEnumerator();
        for (int i = 0; i < 3; i++)
        {
            Assert.True(await notes.MoveNextAsync());
        }

        await grain.Deactivate();
        await Assert.ThrowsAsync<EnumerationAbortedException>(async () => await notes.MoveNextAsync());
        await _signals.WaitAsync($"{name}-finally");
    }
}
