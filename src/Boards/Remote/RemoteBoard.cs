using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Halo.Boards.Control;
using Halo.Boards.Weights;
using Halo.Fabric.Streams.Sessions;
using Halo.Inference.Model.Pieces;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards.Remote;

/// <summary>A board in a process of its own, as the head process sees it. It gives that process the weights it lacks.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Its token source and semaphores have no timers and no wait handles: there is nothing to free.")]
public sealed class RemoteBoard : IBoard, ISessionMember
{
    private const int PiecesAtOnce = 2; // one travels while the next is cut

    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);

    private readonly ControlClient _client;
    private readonly WeightServer _weights;
    private readonly CancellationTokenSource _lost = new();
    private readonly SemaphoreSlim _pieces = new(PiecesAtOnce, PiecesAtOnce);
    private readonly SemaphoreSlim _offering = new(1, 1);
    private readonly HashSet<string> _offered = [];
    private readonly Action<RemoteBoard, string> _onLost;
    private string? _reason;

    /// <param name="client">Speaks with the board's process; not owned.</param>
    /// <param name="board">What the board said of itself.</param>
    /// <param name="speed">Counts instead of the rate that the board measured, in bytes per second; null for that.</param>
    /// <param name="weights">What this process gives of its model files.</param>
    /// <param name="onLost">Called once when the board cannot be reached any more, with the reason.</param>
    public RemoteBoard(ControlClient client, BoardAnnouncement board, double? speed, WeightServer weights, Action<RemoteBoard, string> onLost)
    {
        _client = client;
        _weights = weights;
        _onLost = onLost;
        Announcement = board;
        Profile = new BoardProfile(board.Name, speed ?? board.BytesPerSecond, board.MemoryBytes) { Streams = board.Streams };
    }

    /// <summary>What the board said of itself.</summary>
    public BoardAnnouncement Announcement { get; }

    /// <summary>Where its control endpoint is.</summary>
    public Uri Address => _client.Address;

    StreamPeer ISessionMember.Place => new(Name, Announcement.Host ?? Address.Host, Announcement.StreamPort);

    /// <inheritdoc/>
    public BoardProfile Profile { get; }

    /// <inheritdoc/>
    public int Cores => Announcement.Cores;

    private string Name => Profile.Name;

    /// <summary>Takes a board process into this head process's service.</summary>
    /// <param name="client">Speaks with the board's process.</param>
    /// <param name="heartbeatKey">Names the key of the heartbeats: <see cref="HeartbeatKeys.Of"/> the client's session.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">The board cannot be reached, or serves another head process.</exception>
    public static Task<BoardAnnouncement> AttachAsync(ControlClient client, ulong heartbeatKey, CancellationToken cancellationToken) =>
        client.PostJsonAsync(
            BoardPaths.Attach, new AttachRequest(heartbeatKey), BoardJson.Default.AttachRequest, BoardJson.Default.BoardAnnouncement, cancellationToken);

    /// <summary>Ends all requests to the board, now and later. The first reason stays.</summary>
    public void Lose(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is null)
        {
            _lost.Cancel();
            _onLost(this, reason);
        }
    }

    /// <summary>Ends all requests to the board, now and later, without a word: the head process ends.</summary>
    public void Close()
    {
        if (Interlocked.CompareExchange(ref _reason, "the head process ends", null) is null)
        {
            _lost.Cancel();
        }
    }

    /// <inheritdoc/>
    public async Task<ShareStatistics> GetStatisticsAsync(string model) =>
        await AskAsync(Of(BoardPaths.Statistics, model), [], BoardJson.Default.ShareStatistics);

    /// <inheritdoc/>
    public async Task<SessionLinks> GetLinksAsync(string model) =>
        await AskAsync(Of(BoardPaths.Links, model), [], BoardJson.Default.SessionLinks);

    /// <inheritdoc/>
    public async Task PrepareAsync(Plan plan)
    {
        await OfferAsync(plan.Model);
        await SendAsync(Of(BoardPaths.Plans, plan.Model), Encoding.UTF8.GetBytes(plan.ToJson()));
    }

    /// <inheritdoc/>
    public Task CommitAsync(string model, int version) => SendAsync($"{Of(BoardPaths.Commit, model)}&version={version}", []);

    /// <inheritdoc/>
    public Task RetireAsync(string model) => SendAsync(Of(BoardPaths.Retire, model), []);

    /// <inheritdoc/>
    public Task AbandonAsync(string model, int version) => SendAsync($"{Of(BoardPaths.Abandon, model)}&version={version}", []);

    /// <inheritdoc/>
    public async Task<bool> RegisterAsync(string model, ShardSlice slice)
    {
        byte[] request = Json(slice, BoardJson.Default.ShardSlice);
        while (true)
        {
            RegisterAnswer answer = await AskAsync(Of(BoardPaths.Register, model), request, BoardJson.Default.RegisterAnswer);
            if (answer.Registered)
            {
                return answer.Loaded;
            }

            await Task.WhenAll(answer.Missing.Select(piece => SendPieceAsync(model, piece)));
        }
    }

    /// <inheritdoc/>
    public Task UnregisterAsync(string model, ShardSlice slice, bool untilRetired) =>
        SendAsync(Of(BoardPaths.Unregister, model), Json(new UnregisterRequest(slice, untilRetired), BoardJson.Default.UnregisterRequest));

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KvBlock>> ExportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvMark> known)
    {
        byte[] request = Json(new ExportRequest(slice, [.. known]), BoardJson.Default.ExportRequest);
        return KvCodec.ReadBlocks(await SendAsync(Of(BoardPaths.KvExport, model), request)).Blocks;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KvMark>> ImportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvBlock> blocks)
    {
        ImportAnswer answer = await AskAsync(Of(BoardPaths.KvImport, model), KvCodec.WriteBlocks(slice, blocks), BoardJson.Default.ImportAnswer);
        return answer.Marks;
    }

    /// <summary>Tells the board that the head process is done with it; a board that does not answer finds out by itself.</summary>
    public async Task DetachAsync()
    {
        try
        {
            await _client.SendAsync(HttpMethod.Post, BoardPaths.Detach, default, _lost.Token).WaitAsync(s_farewell);
        }
        catch (Exception fault) when (fault is ControlException or OperationCanceledException or TimeoutException)
        {
            // So it is done.
        }

        // What grains still ask of it as they end is as if it were lost, but nobody needs to hear of that.
        Interlocked.CompareExchange(ref _reason, "this process is done with it", null);
        await _lost.CancelAsync();
    }

    Task ISessionMember.OpenSessionAsync(SessionRequest request) => SendAsync(BoardPaths.Sessions, Json(request, BoardJson.Default.SessionRequest));

    Task ISessionMember.CloseAsync(Guid session) => SendAsync($"{BoardPaths.Close}?session={session}", []);

    private static string Of(string path, string model) => $"{path}?model={Uri.EscapeDataString(model)}";

    private static byte[] Json<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(value, type);

    private async Task OfferAsync(string name)
    {
        await WhileHereAsync(_offering.WaitAsync(_lost.Token));
        try
        {
            if (_offered.Contains(name))
            {
                return;
            }

            LoadedModel model = _weights.Open(name);
            Task<ModelManifest> manifest = _weights.ManifestAsync(name);
            await WhileHereAsync(manifest.WaitAsync(_lost.Token));
            ModelOffer offer = new(name, (await manifest).ToJson(), model.Profile, model.Limits);
            await AskAsync(BoardPaths.Models, Json(offer, BoardJson.Default.ModelOffer), BoardJson.Default.ModelAnswer);
            _offered.Add(name);
        }
        finally
        {
            _offering.Release();
        }
    }

    private async Task SendPieceAsync(string name, string piece)
    {
        await WhileHereAsync(_pieces.WaitAsync(_lost.Token));
        try
        {
            byte[] bytes = await _weights.CutAsync(name, piece);
            await SendAsync($"{Of(BoardPaths.Slices, name)}&piece={Uri.EscapeDataString(piece)}", bytes);
        }
        finally
        {
            _pieces.Release();
        }
    }

    // Waits for something in this process, but no longer than the board is there.
    private async Task WhileHereAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException) when (_lost.IsCancellationRequested)
        {
            throw Lost(_reason!);
        }
    }

    private async Task<T> AskAsync<T>(string path, byte[] body, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize((await SendAsync(path, body)).Span, type) ?? throw new JsonException($"Board {Name} answered {path} with null.");

    private async Task<ReadOnlyMemory<byte>> SendAsync(string path, byte[] body)
    {
        try
        {
            _lost.Token.ThrowIfCancellationRequested();
            ControlReply reply = await _client.SendAsync(HttpMethod.Post, path, body, _lost.Token);
            return reply.Peer.InstanceId == Announcement.Instance ? reply.Body : throw Lost("it was restarted");
        }
        catch (OperationCanceledException) when (_lost.IsCancellationRequested)
        {
            throw Lost(_reason!);
        }
        catch (ObjectDisposedException)
        {
            throw new BoardLostException(Name, $"Board {Name} is not in service any more: the head process ends.");
        }
        catch (ControlException fault)
        {
            throw fault.LossReason() is { } reason ? Lost(reason) : fault.ToBoardFault(Name);
        }
    }

    private BoardLostException Lost(string reason)
    {
        Lose(reason);
        return new BoardLostException(Name, $"Board {Name} is lost: {reason}.");
    }
}
