using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Concurrency;

namespace Halo.Cluster.Tests;

/// <summary>Stands between a caller and another grain.</summary>
public interface IRelayGrain : IGrainWithStringKey
{
    /// <summary>Signals <c>name-relay-ended</c> when its own side of the stream has ended.</summary>
    IAsyncEnumerable<Note> Relay(IProbeGrain source, string name, int count, CancellationToken cancellationToken = default);

    /// <summary>Passes the caller's token on.</summary>
    Task<string> HoldUntilCancelled(IProbeGrain target, string name, CancellationToken cancellationToken);

    Task<string> Hold(IProbeGrain target, string name);

    /// <summary>As <see cref="IProbeGrain.Hold"/>, but others may run meanwhile.</summary>
    [AlwaysInterleave]
    Task<string> HoldInterleaving(string name);

    Task<int> Add(IProbeGrain target, int value);
}

[PlanPlacement]
public sealed class RelayGrain(Signals signals) : Grain, IRelayGrain
{
    public async IAsyncEnumerable<Note> Relay(
        IProbeGrain source, string name, int count, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (Note note in source.Count(name, count, cancellationToken))
            {
                yield return note;
            }
        }
        finally
        {
            signals.Set($"{name}-relay-ended");
        }
    }

    public Task<string> HoldUntilCancelled(IProbeGrain target, string name, CancellationToken cancellationToken) =>
        target.HoldUntilCancelled(name, cancellationToken);

    public Task<string> Hold(IProbeGrain target, string name) => target.Hold(name);

    public async Task<string> HoldInterleaving(string name)
    {
        signals.Set($"{name}-entered");
        return await signals.WaitAsync(name);
    }

    public Task<int> Add(IProbeGrain target, int value) => target.Add(value);
}
