using Halo.Silo.Membership;

namespace Halo.Gateway.Serving;

/// <summary>
/// Starts the boards and loads the models while the server already answers, and stops them with it. A fault is kept and told by
/// <c>/readyz</c> and every completion; the process stays up, so that there is somebody to ask.
/// </summary>
internal sealed class ClusterService : BackgroundService
{
    private readonly ClusterStarter _start;
    private readonly RunningCluster _running;
    private readonly ModelLoader _loader;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger<ClusterService> _log;

    public ClusterService(
        ClusterStarter start, RunningCluster running, ModelLoader loader, IHostApplicationLifetime lifetime, ILogger<ClusterService> log)
    {
        _start = start;
        _running = running;
        _loader = loader;
        _lifetime = lifetime;
        _log = log;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await ServerStartedAsync(stoppingToken);
            await using IServingCluster cluster = await _start(stoppingToken);
            _running.Set(cluster);
            try
            {
                await ServeAsync(cluster, stoppingToken);
            }
            finally
            {
                _running.Clear("The service is ending.");
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service ends.
        }
        catch (Exception fault)
        {
            _running.Clear("The service could not start its boards; its log says why.");
            _loader.FailAll(fault);
        }
    }

    private async Task ServeAsync(IServingCluster cluster, CancellationToken stoppingToken)
    {
        foreach (BoardView board in await cluster.ConnectAsync(stoppingToken))
        {
            _log.BoardMissing(board.Trouble);
        }

        await _loader.LoadAllAsync(cluster, stoppingToken);
        await Task.Delay(Timeout.Infinite, stoppingToken);
    }

    // Not before: where the address is taken, the process ends without having loaded anything.
    private async Task ServerStartedAsync(CancellationToken stoppingToken)
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = _lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }
}
