using Halo.Grains;
using Halo.Planning.Assignment;
using Halo.Silo;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Halo.Gateway.Serving;

/// <summary>Makes the models ready. Where boards of other processes take part, those that cannot serve are tried again as boards come.</summary>
internal sealed class ModelLoader
{
    private readonly ServedModels _models;
    private readonly GatewayOptions _options;
    private readonly IServer _server;
    private readonly TextWriter _console;
    private readonly ILogger<ModelLoader> _log;
    private readonly Dictionary<string, string> _told = []; // why a model waits, by its name: each reason is told once

    public ModelLoader(
        ServedModels models, GatewayOptions options, IServer server, TextWriter console, ILogger<ModelLoader> log)
    {
        _models = models;
        _options = options;
        _server = server;
        _console = console;
        _log = log;
    }

    /// <summary>
    /// Loads one model after the other; ends when each is ready or for good unable to serve, or never where models come by themselves.
    /// </summary>
    public async Task LoadAllAsync(IServingCluster cluster, CancellationToken stoppingToken)
    {
        HashSet<string> settled = [];
        while (true)
        {
            _models.Add(cluster.ModelNames);
            foreach (string name in _models.Names.Where(name => !settled.Contains(name)))
            {
                if (await TryLoadAsync(cluster, name, stoppingToken))
                {
                    settled.Add(name);
                }
            }

            if (settled.Count == _models.Names.Count && !cluster.ModelsMayCome)
            {
                return;
            }

            await Task.Delay(_options.RetryInterval, stoppingToken);
        }
    }

    /// <summary>No model can serve.</summary>
    public void FailAll(Exception fault)
    {
        foreach (string name in _models.Names)
        {
            Fail(name, fault, isForGood: true);
        }
    }

    // Whether the model needs no further try.
    private async Task<bool> TryLoadAsync(IServingCluster cluster, string name, CancellationToken stoppingToken)
    {
        try
        {
            await LoadAsync(cluster, name, stoppingToken);
            return true;
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            // Boards that come make a model fit, and boards that go make a start fail; a file that cannot be read stays so.
            bool isForGood = !cluster.BoardsMayCome
                || (!cluster.ModelsMayCome && fault is ModelUnavailableException { Fault: ModelFault.Unknown or ModelFault.Unusable });
            Fail(name, fault, isForGood);
            return isForGood;
        }
    }

    private async Task LoadAsync(IServingCluster cluster, string name, CancellationToken stoppingToken)
    {
        long begin = TimeProvider.System.GetTimestamp();
        IModelGrain grain = cluster.Grains.GetGrain<IModelGrain>(name);
        ModelStatus status = await grain.EnsureReadyAsync().WaitAsync(stoppingToken);
        Plan plan = (await grain.GetPlanAsync().WaitAsync(stoppingToken)).ToPlan();
        await ModelWarmUp.RunAsync(cluster.Grains.GetGrain<ISchedulerGrain>(name), stoppingToken);
        _models.SetReady(new ServedModel(name, status.ContextLength, cluster));
        _log.ModelReady(name, plan.Boards.Count, plan.Shards.Count, TimeProvider.System.GetElapsedTime(begin).TotalSeconds);
        await _console.WriteLineAsync(StartupText.Ready(status, plan, cluster.Boards, Address()));
    }

    private void Fail(string name, Exception fault, bool isForGood)
    {
        _models.SetFailed(name, fault);
        if (_told.GetValueOrDefault(name) == fault.Message)
        {
            return;
        }

        _told[name] = fault.Message;
        switch (fault)
        {
            case ModelUnavailableException when isForGood:
                _log.ModelUnavailable(name, fault.Message);
                break;
            case ModelUnavailableException:
                _log.ModelWaits(name, fault.Message);
                break;
            default:
                _log.ModelFailed(fault, name);
                break;
        }
    }

    private string Address() => _server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? GatewayBuilder.DefaultAddress;
}
