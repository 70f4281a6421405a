using Halo.Boards;
using Halo.Grains;
using Halo.Inference.Model;
using Halo.Planning.Assignment;
using Halo.Silo;
using Halo.Silo.Membership;
using Orleans;

namespace Halo.Cli.Hosting;

/// <summary>One model on boards in this process and in others, ready for steps.</summary>
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
    /// <param name="console">Takes warnings, and progress where weights must be sent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandFault">The options have faults.</exception>
    /// <exception cref="Halo.Boards.Control.ClusterKeyException">The key file cannot be used.</exception>
    /// <exception cref="BoardsUnavailableException">Boards that were named are not in service; the message gives each with its reason.</exception>
    /// <exception cref="ModelUnavailableException">The model is unusable or does not fit the boards.</exception>
    internal static async Task<ModelSession> StartAsync(
        ModelFile file, HaloClusterOptions options, CommandConsole console, CancellationToken cancellationToken)
    {
        options.Models = new Dictionary<string, string> { [file.Name] = file.Path };
        if (options.Validate() is { Count: > 0 } faults)
        {
            throw new CommandFault(string.Join(" ", faults));
        }

        HeadIdentity? identity = HeadIdentity.Of(options, out string? warning);
        if (warning is not null)
        {
            console.Note(warning);
        }

        HaloCluster cluster = await HaloCluster.StartAsync(options, identity: identity, cancellationToken: cancellationToken);
        try
        {
            await ConnectAsync(cluster, cancellationToken);
            await LoadAsync(cluster, file, options, console).WaitAsync(cancellationToken);
            return new ModelSession(cluster, file.Name);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>What boards are counted as: those of this process and those that were named.</summary>
    internal static int BoardCount(HaloClusterOptions options) => options.LocalBoards + options.BoardUrls.Count;

    /// <summary>The committed plan.</summary>
    internal async Task<Plan> GetPlanAsync() => (await Grains.GetGrain<IModelGrain>(_name).GetPlanAsync()).ToPlan();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private static async Task ConnectAsync(HaloCluster cluster, CancellationToken cancellationToken)
    {
        IReadOnlyList<BoardView> missing = await cluster.ConnectAsync(cancellationToken);
        if (missing.Count > 0)
        {
            throw new BoardsUnavailableException($"Not in service: {string.Join("; ", missing.Select(board => board.Trouble))}");
        }
    }

    private static async Task LoadAsync(HaloCluster cluster, ModelFile file, HaloClusterOptions options, CommandConsole console)
    {
        Task<ModelStatus> ready = cluster.Grains.GetGrain<IModelGrain>(file.Name).EnsureReadyAsync();
        if (options.IsNetworked && console.ShowsProgress)
        {
            LoadedModel model = cluster.Models.Open(file.Name);
            await console.WithProgressAsync("weights", async progress =>
            {
                await LoadProgress.ReportAsync(cluster, model, options, ready, progress);
                return await ready;
            });
        }

        await ready;
    }
}
