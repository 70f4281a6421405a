using Halo.Boards;
using Halo.Grains;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Halo.Silo;

/// <summary>Boards in this process, each with a silo of its own, and a client to their grains.</summary>
public sealed class HaloCluster : IAsyncDisposable
{
    private HaloCluster(IGrainFactory grains, ModelCatalog models, BoardHost boards)
    {
        Grains = grains;
        Models = models;
        Boards = boards;
    }

    /// <summary>Calls grains.</summary>
    public IGrainFactory Grains { get; }

    /// <summary>The models that can be served.</summary>
    public ModelCatalog Models { get; }

    /// <summary>The boards.</summary>
    public BoardHost Boards { get; }

    /// <summary>Starts the boards and their silos. Models are loaded when first asked for: <see cref="IModelGrain.EnsureReadyAsync"/>.</summary>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public static Task<HaloCluster> StartAsync(HaloClusterOptions options, ILoggerFactory? logging = null, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Stops silos, step threads and boards, in this order.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
