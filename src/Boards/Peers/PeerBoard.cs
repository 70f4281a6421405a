using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Halo.Boards.Control;
using Halo.Boards.Remote;
using Halo.Fabric.Streams.Sessions;
using Halo.Planning.Assignment;

namespace Halo.Boards.Peers;

/// <summary>The board of another silo's process, as this process reaches it: for weights, KV and sessions. Plans and shards are the grains' matter.</summary>
internal sealed class PeerBoard : IBoardPeer, ISessionMember, IDisposable
{
    private readonly PeerAddress _address;
    private readonly ControlClient _client;
    private readonly Action<string, string> _onLost;
    private readonly CancellationTokenSource _gone = new();

    /// <param name="address">Where it is.</param>
    /// <param name="client">Speaks with its process; owned from here on.</param>
    /// <param name="onLost">Called with its name and a sentence when it does not answer.</param>
    internal PeerBoard(PeerAddress address, ControlClient client, Action<string, string> onLost)
    {
        _address = address;
        _client = client;
        _onLost = onLost;
    }

    public string Name => _address.Board;

    public StreamPeer Place => new(Name, _address.Control.DnsSafeHost, _address.StreamPort);

    /// <summary>Where it is.</summary>
    internal PeerAddress Address => _address;

    public void Lose(string reason) => _onLost(Name, $"Board {Name} is lost: {reason}.");

    /// <summary>What a board must know of a model to hold shards of it.</summary>
    internal async Task<ModelOffer> OfferAsync(string model) =>
        Parse(await SendAsync(Of(PeerPaths.Offer, model), []), BoardJson.Default.ModelOffer);

    /// <summary>A piece of a model's weights.</summary>
    internal Task<ReadOnlyMemory<byte>> CutAsync(string model, string piece) =>
        SendAsync($"{Of(PeerPaths.Piece, model)}&piece={Uri.EscapeDataString(piece)}", []);

    public async Task<IReadOnlyList<KvBlock>> ExportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvMark> known)
    {
        byte[] request = JsonSerializer.SerializeToUtf8Bytes(new ExportRequest(slice, [.. known]), BoardJson.Default.ExportRequest);
        return KvCodec.ReadBlocks(await SendAsync(Of(PeerPaths.Kv, model), request)).Blocks;
    }

    public Task OpenSessionAsync(SessionRequest request) =>
        SendAsync(PeerPaths.Sessions, JsonSerializer.SerializeToUtf8Bytes(request, BoardJson.Default.SessionRequest));

    public Task CloseAsync(Guid session) => SendAsync($"{PeerPaths.Close}?session={session}", []);

    /// <summary>The board's process is no more: ends all requests to it.</summary>
    public void Dispose()
    {
        _gone.Cancel();
        _client.Dispose();
    }

    private static string Of(string path, string model) => $"{path}?model={Uri.EscapeDataString(model)}";

    private T Parse<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(body.Span, type) ?? throw new JsonException($"Board {Name} answered with null.");

    private async Task<ReadOnlyMemory<byte>> SendAsync(string path, byte[] body)
    {
        try
        {
            ControlReply reply = await _client.SendAsync(HttpMethod.Post, path, body, _gone.Token);
            return reply.Peer.InstanceId == _address.Instance ? reply.Body : throw Lost("it was restarted");
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException && _gone.IsCancellationRequested)
        {
            // Whoever ended it knows. To call the board lost might meet its successor, which has the same name.
            throw new BoardLostException(Name, $"Board {Name} is lost: its silo is gone.");
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
