using Halo.Grains;
using Halo.Planning.Assignment;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Halo.Gateway.Serving;

/// <summary>
/// Starts the boards and loads the models while the server already answers, and stops them with it. A fault is kept and told by
/// <c>/readyz</c> and every completion; the process stays up, so that there is somebody to ask.
/// </summary>
internal sealed class ClusterService : BackgroundService
{
    private readonly ClusterStarter _start;
    private readonly ServedModels _models;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly IServer _server;
    private readonly TextWriter _console;
    private readonly ILogger<ClusterService> _log;

    public ClusterService(
        ClusterStarter start, ServedModels models, IHostApplicationLifetime lifetime, IServer server, TextWriter console, ILogger<ClusterService> log)
    {
        _start = start;
        _models = models;
        _lifetime = lifetime;
        _server = server;
        _console = console;
        _log = log;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await ServerStartedAsync(stoppingToken);
            await using IServingCluster cluster = await _start(stoppingToken);
            foreach (string name in _models.Names)
            {
                await LoadAsync(cluster, name, stoppingToken);
            }

            await Task.Delay(Timeout.Infinite, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service ends.
        }
        catch (Exception fault)
        {
            foreach (string name in _models.Names)
            {
                Fail(name, fault);
            }
        }
    }

    // Not before: where the address is taken, the process ends without having loaded anything.
    private async Task ServerStartedAsync(CancellationToken stoppingToken)
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = _lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }

    private async Task LoadAsync(IServingCluster cluster, string name, CancellationToken stoppingToken)
    {
        try
        {
            long begin = TimeProvider.System.GetTimestamp();
            IModelGrain grain = cluster.Grains.GetGrain<IModelGrain>(name);
            ModelStatus status = await grain.EnsureReadyAsync().WaitAsync(stoppingToken);
            Plan plan = (await grain.GetPlanAsync().WaitAsync(stoppingToken)).ToPlan();
            _models.SetReady(new ServedModel(name, status.ContextLength, cluster.TokenizerOf(name), cluster.Grains));
            _log.ModelReady(name, plan.Boards.Count, plan.Shards.Count, TimeProvider.System.GetElapsedTime(begin).TotalSeconds);
            await _console.WriteLineAsync(StartupText.Ready(status, plan, Address()));
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            Fail(name, fault);
        }
    }

    private void Fail(string name, Exception fault)
    {
        _models.SetFailed(name, fault);
        if (fault is ModelUnavailableException)
        {
            _log.ModelUnavailable(name, fault.Message);
        }
        else
        {
            _log.ModelFailed(fault, name);
        }
    }

    private string Address() => _server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? GatewayBuilder.DefaultAddress;
}
