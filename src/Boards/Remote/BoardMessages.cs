using System.Text.Json.Serialization;
using Halo.Boards.Control;
using Halo.Fabric.Streams.Sessions;
using Halo.Inference.Model;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards.Remote;

/// <summary>A head process takes a board into its service.</summary>
/// <param name="HeartbeatKey">Names the key of the heartbeats, which both ends derive from the control session.</param>
internal sealed record AttachRequest(ulong HeartbeatKey);

/// <summary>What a board process says of itself.</summary>
/// <param name="Name">The board's name.</param>
/// <param name="Instance">The process; another one after a restart.</param>
/// <param name="Product">Version of Halo, for people.</param>
/// <param name="Cores">Cores that the process may use.</param>
/// <param name="BytesPerSecond">Rate at which it streams weights, in bytes per second.</param>
/// <param name="MemoryBytes">Memory for shards, KV and buffers, in bytes.</param>
/// <param name="StreamPort">TCP port for streams of other boards.</param>
/// <param name="HeartbeatPort">UDP port for heartbeats.</param>
/// <param name="Host">Where other boards reach it, if that is not where the head process does.</param>
/// <param name="Streams">Whether weights that do not fit the memory are streamed from storage.</param>
public sealed record BoardAnnouncement(
    string Name, string Instance, string Product, int Cores, double BytesPerSecond, long MemoryBytes, int StreamPort, int HeartbeatPort, string? Host,
    bool Streams = false);

/// <summary>A board process asks a head process to take it into its service.</summary>
/// <param name="Port">Its control port.</param>
/// <param name="Host">Where it is reached, if that is not where its request came from.</param>
/// <param name="Tls">Whether its control endpoint speaks TLS.</param>
public sealed record JoinRequest(int Port, string? Host, bool Tls = false)
{
    /// <summary>Sends it to a head process, and ends when the board is in service.</summary>
    /// <exception cref="ControlException">It is not; the message or the reason says why.</exception>
    public static Task SendAsync(ControlClient head, JoinRequest request, CancellationToken cancellationToken) =>
        head.PostJsonAsync(BoardPaths.Join, request, BoardJson.Default.JoinRequest, cancellationToken);
}

/// <summary>A model that a board shall hold shards of.</summary>
/// <param name="Name">The name under which it is served.</param>
/// <param name="Manifest">Shape, types, norms and the file's hash: see <c>ModelManifest</c>.</param>
/// <param name="Profile">Sizes, against which plans are checked.</param>
/// <param name="Limits">Sizes of a step.</param>
internal sealed record ModelOffer(string Name, string Manifest, ModelProfile Profile, StepLimits Limits);

/// <summary>Whether the board can read the model's file itself.</summary>
/// <param name="HasFile">It has the file, with the same hash.</param>
internal sealed record ModelAnswer(bool HasFile);

/// <summary>A shard to take off a board.</summary>
/// <param name="Slice">The shard.</param>
/// <param name="UntilRetired">Keep it for the committed plan until that is retired.</param>
internal sealed record UnregisterRequest(ShardSlice Slice, bool UntilRetired);

/// <summary>What became of a shard's registration.</summary>
/// <param name="Registered">It is registered.</param>
/// <param name="Loaded">It was loaded now.</param>
/// <param name="Missing">Pieces of it that the board lacks; where there are any, it is not registered.</param>
internal sealed record RegisterAnswer(bool Registered, bool Loaded, string[] Missing);

/// <summary>A shard's KV is wanted, less what a copy already has.</summary>
/// <param name="Slice">The shard.</param>
/// <param name="Known">What the copy has.</param>
internal sealed record ExportRequest(ShardSlice Slice, KvMark[] Known);

/// <summary>What a copy of a shard's KV now holds.</summary>
/// <param name="Marks">Its sequences.</param>
internal sealed record ImportAnswer(KvMark[] Marks);

/// <summary>A set of boards that shall step a model together.</summary>
/// <param name="Id">Names the session.</param>
/// <param name="Secret">32 bytes that only its boards know.</param>
/// <param name="Cipher">What seals the frames.</param>
/// <param name="Model">The model.</param>
/// <param name="Boards">The boards in the plan's order.</param>
/// <param name="Head">The head board's place.</param>
/// <param name="Place">The place of the board that this goes to.</param>
/// <param name="Transport">How partial sums travel.</param>
internal sealed record SessionRequest(
    Guid Id, byte[] Secret, FrameCipherKind Cipher, string Model, StreamPeer[] Boards, int Head, int Place, SessionTransport Transport);

/// <summary>Why a request could not be served, in the form in which the control channel reports faults of handlers.</summary>
/// <param name="Error">A sentence.</param>
internal sealed record FaultText(string Error);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AttachRequest))]
[JsonSerializable(typeof(BoardAnnouncement))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(ModelOffer))]
[JsonSerializable(typeof(ModelAnswer))]
[JsonSerializable(typeof(ShardSlice))]
[JsonSerializable(typeof(UnregisterRequest))]
[JsonSerializable(typeof(RegisterAnswer))]
[JsonSerializable(typeof(ExportRequest))]
[JsonSerializable(typeof(ImportAnswer))]
[JsonSerializable(typeof(SessionRequest))]
[JsonSerializable(typeof(ShareStatistics))]
[JsonSerializable(typeof(SessionLinks))]
[JsonSerializable(typeof(FaultText))]
internal sealed partial class BoardJson : JsonSerializerContext;
