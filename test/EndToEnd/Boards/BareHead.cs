using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Halo.Boards;
using Halo.Boards.Control;
using Halo.Boards.Remote;
using Halo.Boards.Steps;
using Halo.Boards.Weights;
using Halo.Fabric.Liveness;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>A head process without grains: the test itself decides on every request to a board and on every step.</summary>
internal sealed class BareHead : IAsyncDisposable
{
    internal const string Model = "model";

    private const double BytesPerSecond = 1e9;
    private const long MemoryBytes = 1L << 30;

    private readonly ClusterFolder _folder;
    private readonly ClusterKey _key;
    private readonly string _instance = ControlServer.NewInstanceId();
    private readonly HeartbeatMonitor _monitor = new(new LivenessOptions(), TimeProvider.System);
    private readonly ModelCatalog _models;
    private readonly WeightServer _weights;
    private readonly BoardHost _host = new([new Board(new BoardProfile("b1", BytesPerSecond, MemoryBytes))], threads: 1);
    private readonly LocalBoard _local;
    private readonly List<ControlClient> _clients = [];
    private readonly List<RemoteBoard> _boards = [];

    internal BareHead(ClusterFolder folder, string file)
    {
        _folder = folder;
        _key = ClusterKey.Read(folder.KeyFile, out _);
        _models = new ModelCatalog(new Dictionary<string, string> { [Model] = file }, new StepLimits { KvType = KvType.F32 });
        _weights = new WeightServer(_models, folder.CacheOf("b1"));
        _local = new LocalBoard(_host.Boards[0], _models);
    }

    internal LoadedModel Loaded => _models.Open(Model);

    /// <summary>Speaks to an address as this head process does.</summary>
    internal ControlClient Client(string url)
    {
        ControlClient client = new(new Uri(url), _key, "head", _instance);
        _clients.Add(client);
        return client;
    }

    /// <summary>Takes a board into service.</summary>
    /// <param name="board">Its process.</param>
    /// <param name="streamPort">Where its streams are dialled, if not at its own port.</param>
    internal async Task<RemoteBoard> AttachAsync(BoardProgram board, int? streamPort = null)
    {
        ControlClient client = Client(board.Url);
        ControlSession session = await client.ConnectAsync(CancellationToken.None);
        ulong keyId = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        BoardAnnouncement announcement = await RemoteBoard.AttachAsync(client, keyId, CancellationToken.None);
        _monitor.Watch(board.Name, new IPEndPoint(IPAddress.Loopback, announcement.HeartbeatPort), keyId, HeartbeatKeys.Of(session));
        RemoteBoard remote = Over(client, announcement with { StreamPort = streamPort ?? announcement.StreamPort });
        _boards.Add(remote);
        return remote;
    }

    /// <summary>The same board over another control connection.</summary>
    internal RemoteBoard Over(ControlClient client, BoardAnnouncement announcement) =>
        new(client, announcement, BytesPerSecond, _weights, (_, _) => { });

    /// <summary>Makes a plan with equal shares, and loads it on all boards.</summary>
    internal async Task<Plan> LoadAsync()
    {
        IBoard[] all = [_local, .. _boards];
        Plan plan = Planner.Create(Loaded.Profile, [.. all.Select(board => board.Profile)], new PlanRequest { Version = 1, HeadBoard = "b1" });
        foreach (IBoard board in all)
        {
            await board.PrepareAsync(plan);
            foreach (ShardAssignment shard in plan.ShardsOf(board.Name))
            {
                await board.RegisterAsync(Model, shard.Slice);
            }
        }

        return plan;
    }

    /// <summary>Joins the boards anew, so that steps can run.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="options">Topology and wire type.</param>
    /// <param name="watch">Sees the head board's end of the fabric; null for nobody.</param>
    internal async Task<StepRunner> JoinAsync(Plan plan, StreamOptions options, Func<ITransport, ITransport>? watch = null)
    {
        await Task.Run(() => _host.StopRunner(Model));
        StreamSession session = StreamSession.Create(FrameCipherMeter.Fastest());
        StreamPeer[] peers = [new("b1", "", 0), .. _boards.Select(board => new StreamPeer(board.Announcement.Name, "127.0.0.1", board.Announcement.StreamPort))];
        Task opening = Task.WhenAll(_boards.Select((board, index) => ((ISessionMember)board).OpenSessionAsync(new SessionRequest(
            session.Id, session.Secret.ToArray(), session.Cipher, Model, peers, Head: 0, Place: index + 1, new SessionTransport(options.Topology, options.WireType)))));
        IReadOnlyList<StreamConnection?> connections =
            await new StreamConnector(new StreamRoster(session, 0, options.Topology, peers), 0, listener: null).ConnectAsync();
        await opening;
        StepRunner runner = _host.StartRunner(Loaded, plan, () =>
        {
            FabricSize size = FabricSizes.Of(Loaded.Weights.Config, Loaded.Limits, plan.Boards.Count);
            ITransport transport = new StreamTransport(0, 0, plan.Boards, connections, size, options, spin: false);
            return [watch?.Invoke(transport) ?? transport];
        });
        foreach (IBoard board in (IBoard[])[_local, .. _boards])
        {
            await board.CommitAsync(Model, plan.Version);
        }

        return runner;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.Run(_host.StopRunners);
        foreach (RemoteBoard board in _boards)
        {
            await board.DetachAsync();
        }

        await _monitor.DisposeAsync();
        _clients.ForEach(client => client.Dispose());
        _host.Dispose();
        _models.Dispose();
    }
}
