using System.Text.Json.Serialization;

namespace Halo.Cli.Cluster;

/// <summary>The answer to <c>GET /v1/boards</c>, as far as it is shown.</summary>
internal sealed record BoardsAnswer(IReadOnlyList<ListedBoard> Data);

/// <summary>A board as its gateway tells of it.</summary>
/// <param name="Name">Its name; empty until it was reached.</param>
/// <param name="Address">Its control endpoint; null for one in the gateway's own process.</param>
/// <param name="State">How it stands to the gateway.</param>
/// <param name="Reason">Why it is not in service; null where it is.</param>
/// <param name="Cores">Cores; 0 until it was reached.</param>
/// <param name="GigabytesPerSecond">Rate at which it streams weights, in 10^9 bytes per second.</param>
/// <param name="MemoryBytes">Memory for shards, KV and buffers.</param>
/// <param name="RoundTripMs">Smoothed round trip of its heartbeats; null without any.</param>
/// <param name="IsHead">Whether steps start there.</param>
/// <param name="Models">What it holds; null where it did not say in time.</param>
internal sealed record ListedBoard(
    string Name, string? Address, string State, string? Reason, int Cores, double GigabytesPerSecond, long MemoryBytes, double? RoundTripMs, bool IsHead,
    IReadOnlyList<ListedModel>? Models);

/// <summary>What a board holds of a model, and how it exchanges sums for it.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Shards">Shards on it.</param>
/// <param name="Transport">What carries sums; null where no other process takes part.</param>
/// <param name="Topology">Who sends them to whom; null likewise.</param>
/// <param name="Policy">What datagrams do against loss; null where none are used.</param>
/// <param name="Note">Why sums do not travel as was asked; null where they do.</param>
/// <param name="Links">What it knows of its links.</param>
internal sealed record ListedModel(
    string Model, int Shards, string? Transport = null, string? Topology = null, string? Policy = null, string? Note = null, IReadOnlyList<ListedLink>? Links = null);

/// <summary>What a board knows of its link to another: what goes there.</summary>
/// <param name="Board">The other board.</param>
/// <param name="OutgoingLoss">Packet loss rate, 0 to 1.</param>
/// <param name="OutgoingBurst">Datagrams lost in a row, on average.</param>
/// <param name="RoundTripMs">Smoothed round trip; 0 before the first.</param>
/// <param name="RoundTripDeviationMs">Its smoothed mean deviation.</param>
/// <param name="Copies">Times that a chunk is sent at once now.</param>
/// <param name="SentDatagrams">Datagrams sent.</param>
/// <param name="ResentChunks">Chunks sent again because no acknowledgement came.</param>
/// <param name="CopiedChunks">Chunks sent more often on purpose.</param>
/// <param name="CarriedChunks">Chunks of third boards carried there.</param>
/// <param name="OutgoingIncastLoss">The part of the loss that full queues lost.</param>
/// <param name="RecoveredChunks">Chunks from there that were rebuilt from parity.</param>
/// <param name="FilledChunks">Relaxed: chunks from there that were missing at the deadline.</param>
/// <param name="OutgoingBytesPerSecond">Bytes of datagrams sent a second, of late.</param>
internal sealed record ListedLink(
    string Board, double OutgoingLoss, double OutgoingBurst, double RoundTripMs, double RoundTripDeviationMs, int Copies, long SentDatagrams, long ResentChunks,
    long CopiedChunks, long CarriedChunks,
    double OutgoingIncastLoss = 0, long RecoveredChunks = 0, long FilledChunks = 0, double OutgoingBytesPerSecond = 0);

/// <summary>An error of OpenAI's form.</summary>
internal sealed record ErrorAnswer(ErrorText Error);

/// <summary>What went wrong, in words.</summary>
internal sealed record ErrorText(string Message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BoardsAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class GatewayAnswers : JsonSerializerContext;
