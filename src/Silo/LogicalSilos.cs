using System.Collections.Concurrent;
using Halo.Boards;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Halo.Silo;

/// <summary>
/// The silos of this process, one for each board, wherever the board itself is. This is the one place that knows which engine hosts them:
/// several silos in one process are what the engine's in-process cluster is for.
/// </summary>
internal sealed class LogicalSilos : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly ConcurrentQueue<IBoard> _starting = new(); // boards whose silos are being made
    private readonly ConcurrentDictionary<IBoard, InProcessSiloHandle> _silos = new();
    private readonly SemaphoreSlim _changing = new(1, 1); // one silo starts or stops at a time

    /// <param name="local">The boards that the first silos stand for; at least one.</param>
    /// <param name="services">Gives a silo what its grains need.</param>
    /// <param name="logging">Where silos log; null for nowhere.</param>
    internal LogicalSilos(IReadOnlyList<IBoard> local, Action<ISiloBuilder, IBoard> services, ILoggerFactory? logging)
    {
        foreach (IBoard board in local)
        {
            _starting.Enqueue(board);
        }

        InProcessTestClusterBuilder builder = new((short)local.Count);
        builder.ConfigureHost(host =>
        {
            host.Logging.ClearProviders();
            if (logging is not null)
            {
                host.Services.Replace(ServiceDescriptor.Singleton(logging));
            }
        });
        builder.ConfigureSilo((_, silo) =>
        {
            _starting.TryDequeue(out IBoard? board);
            services(silo, board!);
        });
        _cluster = builder.Build();
    }

    /// <summary>Calls grains.</summary>
    internal IGrainFactory Grains => _cluster.Client;

    /// <summary>Starts the silos of the local boards.</summary>
    internal Task DeployAsync() => _cluster.DeployAsync();

    /// <summary>Starts a silo for one more board.</summary>
    internal async Task StartAsync(IBoard board)
    {
        await _changing.WaitAsync();
        try
        {
            _starting.Enqueue(board);
            _silos[board] = await _cluster.StartAdditionalSiloAsync();
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Stops the silo of a board that was added; its grains go.</summary>
    internal async Task StopAsync(IBoard board)
    {
        await _changing.WaitAsync();
        try
        {
            if (_silos.TryRemove(board, out InProcessSiloHandle? silo))
            {
                await _cluster.StopSiloAsync(silo);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _changing.Dispose();
    }
}
