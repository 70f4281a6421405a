using System.Net;
using Halo.Boards;
using Halo.Boards.Control;
using Halo.Boards.Peers;
using Halo.Boards.Weights;
using Halo.Fabric.Streams.Sessions;
using Halo.Grains.Layers;
using Halo.Grains.Models;
using Halo.Grains.Placement;
using Halo.Inference.Model;
using Halo.Silo.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Halo.Silo.Engines;

/// <summary>One membership of a process in its cluster: the silo, the board it carries, and what other boards ask of it past the grains.</summary>
internal sealed class SiloLife : IAsyncDisposable
{
    private const int MissedProbes = 4;

    // A silo that is silent for 6 s is dead: longer than Wi-Fi pauses, shorter than people wait. One whose ports refuse is dead at once.
    private static readonly TimeSpan s_probe = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_tableRefresh = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_defunct = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(10);

    // After a silo's death newer versions of Orleans let nobody take its grains' places for seconds, lest two run at once. Two grains of one shard do
    // no harm here: boards step only what the committed plan names. Given as configuration, because older versions have no such option.
    private static readonly IConfiguration s_noLease = Settings(("RangeLeaseDuration", TimeSpan.Zero));

    // Newer versions fit the time for a probe to round trips, from half to four times what is set: pauses would be deaths on good links, and deaths
    // pauses on bad ones.
    private static readonly IConfiguration s_fixedProbes = Settings(("MinProbeTimeout", s_probe), ("MaxProbeTimeout", s_probe));

    private readonly SiloSetup _setup;
    private readonly string _instance = ControlServer.NewInstanceId();
    private readonly Eviction _eviction = new();
    private readonly StreamListener _listener;
    private readonly ModelCatalog _models;
    private readonly BoardHost _host;
    private readonly PeerBoards _peers;
    private readonly SiloBoard _board;
    private readonly WebApplication _app;
    private readonly SiloWatch _watch;

    private SiloLife(SiloSetup setup, StreamListener listener)
    {
        _setup = setup;
        _listener = listener;
        BoardProcessOptions options = setup.Options.Board;
        ILogger log = setup.Logging.CreateLogger("Halo.Silo");
        Board board = ProcessParts.MakeBoard(setup.Profile, options);
        _host = new BoardHost([board], options.Threads);
        _models = new ModelCatalog(setup.Options.Models, new StepLimits { KvType = setup.Options.KvType }, options.Weights);
        _peers = new PeerBoards(AddressOf, Connect, (name, sentence) => _watch!.Lose(name, sentence));
        _board = new SiloBoard(
            board, options.Threads, _models, new WeightServer(_models, options.CacheFolder), new ModelSources([], options.CacheFolder, options.CacheBytes, log),
            _peers, listener, options.Datagrams, log, head => _watch!.Suspect(head));

        WebApplicationBuilder builder = ProcessParts.CreateBuilder(options, setup.Certificate);
        builder.Services.Replace(ServiceDescriptor.Singleton(setup.Logging));
        builder.Host.UseOrleans(Configure);
        _app = builder.Build();
        _board.ThroughGrains = GrainCallTransportFactory.Over(_app.Services.GetRequiredService<IGrainFactory>());
        _app.MapHaloPeers(new ControlServer(setup.Key, options.Name, _instance, TimeProvider.System), _board);
        _app.MapGet("/healthz", () => Results.Ok());
        _watch = ActivatorUtilities.CreateInstance<SiloWatch>(_app.Services, _peers, options.Name, log);
    }

    /// <summary>The silo's address.</summary>
    internal string Silo => $"{_setup.Address}:{_setup.Options.SiloPort}";

    /// <summary>The control endpoint.</summary>
    internal Uri Control => _setup.Control;

    /// <summary>The port for streams of other boards.</summary>
    internal int DataPort => _listener.EndPoint.Port;

    /// <summary>Joins the cluster.</summary>
    /// <exception cref="IOException">A port is taken, a name is, or the cache folder cannot be used; the message says which.</exception>
    internal static async Task<SiloLife> StartAsync(SiloSetup setup, CancellationToken cancellationToken)
    {
        SiloLife life = new(setup, ProcessParts.Listen(setup.Options.Board));
        try
        {
            await life._app.StartAsync(cancellationToken);
            life._watch.Start();
            await life._watch.CheckNameAsync(cancellationToken);
            return life;
        }
        catch
        {
            await life.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends when the process is asked to stop, once what runs goes on without this board, or when the other silos took this one for dead.</summary>
    /// <returns>Why they did; null where the process is to stop.</returns>
    internal async Task<string?> EndAsync(CancellationToken stopping)
    {
        await Task.WhenAny(_eviction.Reason, Task.Delay(Timeout.Infinite, stopping));
        if (_eviction.Reason.IsCompleted)
        {
            return await _eviction.Reason;
        }

        await _watch.WithdrawAsync(s_farewell);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        await Task.Run(_host.StopRunners); // so that no grain waits for a step that will not come

        // A silo that was evicted has nobody to say goodbye to.
        using CancellationTokenSource patience = new(_eviction.Reason.IsCompleted ? TimeSpan.Zero : s_farewell);
        await _app.StopAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _peers.Dispose();
        await _app.DisposeAsync();
        await _board.DisposeAsync();
        _host.Dispose();
        _models.Dispose();
        _listener.Dispose();
    }

    private void Configure(ISiloBuilder silo)
    {
        SiloProcessOptions options = _setup.Options;
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, options.ClusterId));
        silo.Configure<SiloOptions>(named => named.SiloName = options.Board.Name);
        silo.ConfigureEndpoints(_setup.Address, options.SiloPort, options.GatewayPort, listenOnAnyHostAddress: !IPAddress.IsLoopback(_setup.Address));
        silo.UseAdoNetClustering(store => (store.Invariant, store.ConnectionString) = (_setup.Store.Invariant, _setup.Store.ConnectionString));
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = s_probe;
            membership.NumMissedProbesLimit = MissedProbes;
            membership.ExtendProbeTimeoutDuringDegradation = false; // a busy board is no reason to wait longer for another
            membership.TableRefreshTimeout = s_tableRefresh;
            membership.DefunctSiloExpiration = s_defunct;
        });
#pragma warning disable ORLEANSEXP003 // Under evaluation upstream. With the directory that is not, grains end whose silo lives when the one that knew of them dies.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Services.Configure<GrainDirectoryOptions>(s_noLease);
        silo.Services.Configure<ClusterMembershipOptions>(s_fixedProbes);
        silo.Services.AddSingleton<IFatalErrorHandler>(_eviction);
        BoardDirectory directory = new(_peers.Find);
        directory.Set(_board);
        PlanOptions plans = new()
        {
            KvPositions = options.KvPositions,
            HeadHoldsShards = options.HeadHoldsShards,
            Patience = s_patience,
            Speculate = options.Speculate,
        };
        silo.AddHaloGrains(Facts(), _board, directory, _host, _models, plans);
        silo.Services.AddNetworkSessions(options.Transport, options.Board.Datagrams);
    }

    private static IConfiguration Settings(params (string Name, TimeSpan Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value.ToString())))
        .Build();

    private BoardFacts Facts() => new()
    {
        Name = _setup.Options.Board.Name,
        Instance = _instance,
        Control = _setup.Control,
        StreamPort = _listener.EndPoint.Port,
        Cores = _board.Cores,
        BytesPerSecond = _setup.Profile.BytesPerSecond,
        MemoryBytes = _setup.Profile.MemoryBytes,
        Models = [.. _models.Names],
    };

    private PeerAddress? AddressOf(string board) => _app.Services.GetRequiredService<BoardMap>().FactsOf(board) is { Control: { } control } facts
        ? new PeerAddress(board, facts.Instance, control, facts.StreamPort)
        : null;

    private ControlClient Connect(Uri address) =>
        new(address, _setup.Key, _setup.Options.Board.Name, _instance, new ControlClientOptions { Trust = _setup.Trust });
}
