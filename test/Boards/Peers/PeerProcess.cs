using System.Net;
using Halo.Boards.Control;
using Halo.Boards.Peers;
using Halo.Boards.Remote;
using Halo.Boards.Weights;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams.Sessions;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Halo.Boards.Tests.Peers;

/// <summary>What a silo's process has of a board, without grains: the board, its control endpoint, its ports, and what it knows of other boards.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private const long MemoryBytes = 1L << 30;

    private readonly PeerCluster _cluster;
    private readonly WebApplication _app;
    private readonly StreamListener _listener = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly ModelCatalog _models;
    private readonly BoardHost _host;
    private readonly BoardDirectory _directory;
    private readonly string _instance = ControlServer.NewInstanceId();
    private readonly List<string> _losses = [];
    private readonly Lock _gate = new();

    private PeerProcess(PeerCluster cluster, string name, string? file, ClusterKey key, int port, ControlClientOptions? client, KvType kvType)
    {
        _cluster = cluster;
        Board board = new(new BoardProfile(name, 1, MemoryBytes));
        Dictionary<string, string> files = file is null ? [] : new() { [PeerCluster.Model] = file };
        _models = new ModelCatalog(files, new StepLimits { KvType = kvType });
        _host = new BoardHost([board], threads: 1);
        Peers = new PeerBoards(cluster.Find, address => new ControlClient(address, key, name, _instance, client), Note);
        Board = new SiloBoard(
            board, cores: 1, _models, new WeightServer(_models, CacheFolder(name)), new ModelSources([], CacheFolder(name), null, NullLogger.Instance), Peers,
            _listener, new UdpPort(0, IsRequired: false), NullLogger.Instance, head => Ended.TrySetResult(head));
        _directory = new BoardDirectory(Peers.Find);
        _directory.Set(Board);

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            ControlLimits.Apply(kestrel);
            kestrel.Listen(IPAddress.Loopback, port);
        });
        _app = builder.Build();
        Server = new ControlServer(key, name, _instance, TimeProvider.System);
        _app.MapHaloPeers(Server, Board);
    }

    internal SiloBoard Board { get; }

    internal PeerBoards Peers { get; }

    internal ControlServer Server { get; }

    internal string Name => Board.Profile.Name;

    /// <summary>Where others find it.</summary>
    internal PeerAddress Address => new(Name, _instance, new Uri(_app.Urls.Single()), _listener.EndPoint.Port);

    /// <summary>The model, from its file.</summary>
    internal LoadedModel Model => _models.Open(PeerCluster.Model);

    /// <summary>The head board of the first session that this board followed to its end.</summary>
    internal TaskCompletionSource<string> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What it was told of lost boards.</summary>
    internal IReadOnlyList<string> Losses
    {
        get
        {
            lock (_gate)
            {
                return [.. _losses];
            }
        }
    }

    /// <summary>Bytes of weights that came from other boards.</summary>
    internal async Task<long> ReceivedAsync() => (await Board.GetStatisticsAsync(PeerCluster.Model)).ReceivedWeightBytes;

    /// <summary>Pieces on its disk: name and bytes.</summary>
    internal SortedDictionary<string, long> Pieces() => new(
        Directory.GetFiles(CacheFolder(Name), "*.piece", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => new FileInfo(file).Length),
        StringComparer.Ordinal);

    /// <summary>Loads its part of a plan.</summary>
    internal async Task LoadAsync(Plan plan)
    {
        await Board.PrepareAsync(plan);
        await Task.WhenAll(plan.ShardsOf(Name).Select(shard => Board.RegisterAsync(plan.Model, shard.Slice)));
    }

    /// <summary>Joins the plan's boards, this being the head board.</summary>
    internal async Task<PeerSteps> JoinAsync(Plan plan, SessionTransport transport)
    {
        NetworkSessions sessions = new(
            _host, _directory, transport, FrameCipherKind.ChaCha20Poly1305, new UdpPort(0, IsRequired: false), NullLogger<NetworkSessions>.Instance);
        return new PeerSteps(await sessions.OpenAsync(Model, plan), plan, Model);
    }

    /// <summary>Ends the session as a head board that goes does.</summary>
    internal Task LeaveAsync() => Task.Run(_host.StopRunners);

    internal static async Task<PeerProcess> StartAsync(
        PeerCluster cluster, string name, string? file, ClusterKey key, int port, ControlClientOptions? client, KvType kvType)
    {
        PeerProcess process = new(cluster, name, file, key, port, client, kvType);
        await process._app.StartAsync();
        return process;
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        Peers.Dispose();
        await _app.DisposeAsync();
        await Board.DisposeAsync();
        _host.Dispose();
        _models.Dispose();
        _listener.Dispose();
    }

    private string CacheFolder(string name) => Path.Combine(_cluster.Folder, name);

    private void Note(string board, string sentence)
    {
        lock (_gate)
        {
            _losses.Add(sentence);
        }
    }
}
