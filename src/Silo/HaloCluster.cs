using Halo.Boards;
using Halo.Grains;
using Halo.Planning.Profiles;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Halo.Silo;

/// <summary>Boards, each with a silo of its own, and a client to their grains.</summary>
public sealed class HaloCluster : IAsyncDisposable
{
    private readonly LogicalSilos _silos;

    private HaloCluster(LogicalSilos silos, ModelCatalog models, BoardHost boards)
    {
        _silos = silos;
        Models = models;
        Boards = boards;
    }

    /// <summary>Calls grains.</summary>
    public IGrainFactory Grains => _silos.Grains;

    /// <summary>The models that can be served.</summary>
    public ModelCatalog Models { get; }

    /// <summary>The boards of this process.</summary>
    public BoardHost Boards { get; }

    /// <summary>Starts the boards and their silos. Models are loaded when first asked for: <see cref="IModelGrain.EnsureReadyAsync"/>.</summary>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    public static async Task<HaloCluster> StartAsync(
        HaloClusterOptions options, ILoggerFactory? logging = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<string> faults = options.Validate();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        ModelCatalog models = new(
            options.Models.Count > 0 ? options.Models : new Dictionary<string, string> { [BundledModel.Name] = BundledModel.Path }, options.Limits);
        BoardHost host = await Task.Run(() => MakeBoards(options), cancellationToken);
        IBoard[] local = [.. host.Boards.Select(board => new LocalBoard(board, models))];
        BoardDirectory directory = new();
        Array.ForEach(local, directory.Set);
        LogicalSilos silos = new(local, (silo, board) => silo.AddHaloSilo(board, directory, host, models, options), logging);
        HaloCluster cluster = new(silos, models, host);
        try
        {
            await silos.DeployAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops step threads, silos and boards, in this order: no grain is left waiting for a step that will not come.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.Run(Boards.StopRunners);
        await _silos.DisposeAsync();
        Boards.Dispose();
        Models.Dispose();
    }

    private static BoardHost MakeBoards(HaloClusterOptions options)
    {
        int threads = options.Threads ?? Environment.ProcessorCount;
        double bytesPerSecond = BoardMeter.MeasureBytesPerSecond(threads) / options.Boards;
        long memoryBytes = options.BoardMemoryBytes ?? BoardMeter.UsableMemoryBytes() / options.Boards;
        IEnumerable<Board> boards = Enumerable.Range(0, options.Boards).Select(index => new Board(new BoardProfile(
            $"b{index + 1}", bytesPerSecond * (options.Speeds.Count > 0 ? options.Speeds[index] : 1), memoryBytes)));
        return new BoardHost([.. boards], threads);
    }
}
