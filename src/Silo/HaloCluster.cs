using System.Threading.Channels;
using Halo.Boards;
using Halo.Boards.Weights;
using Halo.Fabric.Datagrams;
using Halo.Grains;
using Halo.Grains.Models;
using Halo.Grains.Placement;
using Halo.Planning.Profiles;
using Halo.Silo.Membership;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Hosting;

namespace Halo.Silo;

/// <summary>Boards, in this process and in others, each with a silo of its own here, and a client to their grains.</summary>
public sealed class HaloCluster : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly HaloClusterOptions _options;
    private readonly BoardDirectory _directory;
    private readonly ILogger _log;
    private readonly LogicalSilos _silos;
    private readonly BoardMembership? _membership;
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task _planning;

    private HaloCluster(HaloClusterOptions options, BoardHost host, ModelCatalog models, HeadIdentity? identity, ILoggerFactory? logging)
    {
        _options = options;
        _directory = new BoardDirectory();
        _log = (logging ?? NullLoggerFactory.Instance).CreateLogger("Halo.Membership");
        Models = models;
        Boards = host;
        IBoard[] local = [.. host.Boards.Select(board => new LocalBoard(board, models))];
        Array.ForEach(local, _directory.Set);
        _silos = new LogicalSilos(local, Configure, logging);
        _membership = identity is null ? null : new BoardMembership(MakeContext(identity), TimeProvider.System);
        _planning = PlanAnewAsync();
    }

    /// <summary>Calls grains.</summary>
    public IGrainFactory Grains => _silos.Grains;

    /// <summary>Whether boards of other processes take part.</summary>
    public bool IsNetworked => _membership is not null;

    /// <summary>The models that can be served.</summary>
    public ModelCatalog Models { get; }

    /// <summary>The boards of this process.</summary>
    public BoardHost Boards { get; }

    /// <summary>All boards, those of this process first, as operators see them.</summary>
    public IReadOnlyList<BoardView> BoardViews =>
    [
        .. Boards.Boards.Select(board => new BoardView(
            board.Name, null, BoardState.Alive, null, Environment.ProcessorCount, board.Profile.BytesPerSecond, board.Profile.MemoryBytes, null, 0)),
        .. _membership?.Boards ?? [],
    ];

    /// <summary>Starts the boards and their silos. Models are loaded when first asked for: <see cref="IModelGrain.EnsureReadyAsync"/>.</summary>
    /// <param name="options">The boards.</param>
    /// <param name="logging">Where to log; null for nowhere.</param>
    /// <param name="identity">How this process proves to boards who it is; read from the options where null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The options have faults; the message lists all of them.</exception>
    /// <exception cref="Halo.Boards.Control.ClusterKeyException">The key file cannot be used.</exception>
    public static async Task<HaloCluster> StartAsync(
        HaloClusterOptions options, ILoggerFactory? logging = null, HeadIdentity? identity = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<string> faults = options.Validate();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        identity ??= HeadIdentity.Of(options, out _);
        ModelCatalog models = new(
            options.Models.Count > 0 ? options.Models : new Dictionary<string, string> { [BundledModel.Name] = BundledModel.Path },
            options.Limits with { KvType = options.KvType }, options.Weights);
        BoardHost host = await Task.Run(() => MakeBoards(options), cancellationToken);
        HaloCluster cluster = new(options, host, models, identity, logging);
        try
        {
            await cluster._silos.DeployAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes the boards of <see cref="HaloClusterOptions.BoardUrls"/> into service. Those that do not answer are tried on and on.</summary>
    /// <returns>Those that are not in service after some seconds, with the reason; empty where all are.</returns>
    public async Task<IReadOnlyList<BoardView>> ConnectAsync(CancellationToken cancellationToken = default)
    {
        Uri[] addresses = [.. _options.BoardUrls.Select(url => new Uri(url))];
        return _membership is null ? [] : await _membership.AddAsync(addresses, RemoteSpeeds(), s_patience, cancellationToken);
    }

    /// <summary>A board asks to be taken into service.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="instance">Its process.</param>
    /// <param name="address">Its control endpoint.</param>
    /// <returns>Null where it is in service now, else why not.</returns>
    public Task<string?> JoinAsync(string name, string instance, Uri address) =>
        _membership?.JoinAsync(name, instance, address) ?? Task.FromResult<string?>("This service takes no boards of other processes.");

    /// <summary>Stops step threads, boards of other processes, silos and boards, in this order: no grain is left waiting for a step that will not come.</summary>
    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await Task.Run(Boards.StopRunners);
        if (_membership is not null)
        {
            await _membership.DisposeAsync();
        }

        await _planning;
        await _silos.DisposeAsync();
        Boards.Dispose();
        Models.Dispose();
    }

    private static BoardHost MakeBoards(HaloClusterOptions options)
    {
        int threads = options.Threads ?? Environment.ProcessorCount;
        int count = options.LocalBoards;
        double measured = BoardMeter.MeasureBytesPerSecond(threads) / count;
        long memoryBytes = options.BoardMemoryBytes ?? BoardMeter.UsableMemoryBytes() / count;
        BoardStreaming? streaming = options.BoardMemoryBytes is null ? null : new BoardStreaming(CacheFolders.Default, null, options.Streaming);
        IEnumerable<Board> boards = Enumerable.Range(0, count).Select(index => new Board(new BoardProfile(
            $"b{index + 1}", options.Speeds.Count > 0 ? options.Speeds[index] * BoardMeter.BytesPerSecondOfSpeed : measured, memoryBytes), streaming));
        return new BoardHost([.. boards], threads);
    }

    private void Configure(ISiloBuilder silo, IBoard board)
    {
        PlanOptions plans = new()
        {
            KvPositions = _options.KvPositions,
            HeadBoard = Boards.Boards[0].Name,
            HeadHoldsShards = _options.HeadHoldsShards,
            Speculate = _options.SpeculateInEffect,
            Importance = _options.Importance,
            Placement = _options.Placement,
            CriticalBoards = _options.MayMissSums ? _options.CriticalBoards : 0,
            LossWeight = _options.LossWeight,
            Losses = Boards.Boards.Zip(_options.BoardLosses).ToDictionary(pair => pair.First.Name, pair => pair.Second),
        };
        silo.AddHaloGrains(new BoardFacts { Name = board.Name }, board, _directory, Boards, Models, plans);
        if (_options.IsNetworked)
        {
            silo.Services.AddNetworkSessions(_options.SessionTransport, new UdpPort(_options.UdpPort ?? 0, IsRequired: _options.UdpPort > 0));
        }
        else
        {
            silo.Services.AddLocalSessions(_options);
        }
    }

    private double[] RemoteSpeeds() => [.. _options.Speeds.Skip(_options.LocalBoards).Select(speed => speed * BoardMeter.BytesPerSecondOfSpeed)];

    private MembershipContext MakeContext(HeadIdentity identity) => new()
    {
        Key = identity.Key,
        Name = identity.Name,
        Instance = identity.Instance,
        Trust = identity.Trust,
        Weights = new WeightServer(Models, CacheFolders.Default),
        IsNameTaken = name => Boards.Boards.Any(board => board.Name == name),
        Enter = async board =>
        {
            _directory.Set(board);
            await _silos.StartAsync(board);
            _changes.Writer.TryWrite(true);
        },
        Withdraw = board =>
        {
            _directory.Lose(board);
            return PlanAllAnewAsync();
        },
        Lose = (board, reason) =>
        {
            _directory.Lose(board);
            Boards.LoseBoard(board.Name, reason);
            _changes.Writer.TryWrite(true);
        },
        Leave = _silos.StopAsync,
        Liveness = new() { DeadAfter = _options.DeadAfter },
        Log = _log,
    };

    // What is served already is planned anew at once when boards come and go, so that no request has to wait for it.
    private async Task PlanAnewAsync()
    {
        await foreach (bool _ in _changes.Reader.ReadAllAsync())
        {
            await PlanAllAnewAsync();
        }
    }

    private async Task PlanAllAnewAsync()
    {
        foreach (string model in Models.OpenNames)
        {
            try
            {
                await Grains.GetGrain<IModelGrain>(model).EnsureReadyAsync();
            }
            catch (Exception fault)
            {
                MembershipLog.NotReplanned(_log, model, fault.Message);
            }
        }
    }
}
