using Orleans;

namespace Halo.Silo.Engines;

/// <summary>A connection to the grains of a cluster whose silos are other processes.</summary>
/// <param name="grains">Calls grains.</param>
/// <param name="end">Ends the connection.</param>
public sealed class GrainClient(IGrainFactory grains, Func<ValueTask> end) : IAsyncDisposable
{
    /// <summary>Calls grains.</summary>
    public IGrainFactory Grains => grains;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => end();
}
