using Halo.Boards;
using Halo.Grains;
using Halo.Inference.Model;
using Halo.Planning.Assignment;
using Halo.Silo;
using Orleans;

namespace Halo.Cli.Hosting;

/// <summary>One model on boards in this process, ready for steps.</summary>
internal sealed class ModelSession : IAsyncDisposable
{
    private readonly HaloCluster _cluster;
    private readonly string _name;

    private ModelSession(HaloCluster cluster, string name)
    {
        _cluster = cluster;
        _name = name;
    }

    internal IGrainFactory Grains => _cluster.Grains;

    internal LoadedModel Model => _cluster.Models.Open(_name);

    internal ISchedulerGrain Scheduler => Grains.GetGrain<ISchedulerGrain>(_name);

    /// <summary>Positions of KV that hold this many sequences: KV is given out in whole blocks.</summary>
    internal static int KvPositions(int sequences, int length) =>
        sequences * ((length + KvBlockPool.BlockPositions - 1) / KvBlockPool.BlockPositions) * KvBlockPool.BlockPositions;

    /// <summary>Starts the boards and loads the model.</summary>
    /// <param name="file">The model.</param>
    /// <param name="options">The boards; the model is added to them here.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandFault">The options have faults.</exception>
    /// <exception cref="ModelUnavailableException">The model is unusable or does not fit the boards.</exception>
    internal static async Task<ModelSession> StartAsync(ModelFile file, HaloClusterOptions options, CancellationToken cancellationToken)
    {
        options.Models = new Dictionary<string, string> { [file.Name] = file.Path };
        if (options.Validate() is { Count: > 0 } faults)
        {
            throw new CommandFault(string.Join(" ", faults));
        }

        HaloCluster cluster = await HaloCluster.StartAsync(options, cancellationToken: cancellationToken);
        try
        {
            await cluster.Grains.GetGrain<IModelGrain>(file.Name).EnsureReadyAsync().WaitAsync(cancellationToken);
            return new ModelSession(cluster, file.Name);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The committed plan.</summary>
    internal async Task<Plan> GetPlanAsync() => (await Grains.GetGrain<IModelGrain>(_name).GetPlanAsync()).ToPlan();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
