using Halo.Grains;

namespace Halo.Gateway.Contracts;

/// <summary>The answer to <c>GET /v1/boards</c>.</summary>
internal sealed record BoardList(IReadOnlyList<BoardEntry> Data)
{
    public string Object { get; } = "list";
}

/// <summary>One board, as operators see it.</summary>
internal sealed record BoardEntry
{
    /// <summary>Empty until the board was reached.</summary>
    public required string Name { get; init; }

    /// <summary>Its control endpoint; null for a board of the gateway's own process.</summary>
    public required string? Address { get; init; }

    /// <summary><c>connecting</c>, <c>alive</c>, <c>suspect</c> or <c>dead</c>.</summary>
    public required string State { get; init; }

    /// <summary>Why it is not in service; null where it is.</summary>
    public required string? Reason { get; init; }

    public required int Cores { get; init; }

    /// <summary>Rate at which it streams weights, in 10^9 bytes per second.</summary>
    public required double GigabytesPerSecond { get; init; }

    /// <summary>For shards, KV and buffers.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Smoothed, of heartbeats; null without any.</summary>
    public required double? RoundTripMs { get; init; }

    /// <summary>Share of the latest heartbeats without an answer, 0 to 1.</summary>
    public required double LossRate { get; init; }

    /// <summary>Whether steps start here.</summary>
    public required bool IsHead { get; init; }

    /// <summary>What it holds; null where it did not say in time.</summary>
    public required IReadOnlyList<BoardModelEntry>? Models { get; init; }
}

/// <summary>What a board holds of a model.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Shards">Shards on the board.</param>
/// <param name="Sequences">Sequences whose KV it keeps.</param>
/// <param name="KvBytes">KV in use.</param>
/// <param name="ReceivedWeightBytes">Weights that were sent to it since its process started.</param>
/// <param name="PlanVersion">The plan that it steps under; 0 before the first.</param>
/// <param name="Transport"><c>datagram</c> or <c>stream</c>; null where it is not joined with boards of other processes.</param>
/// <param name="Topology">Who sends sums to whom; null likewise.</param>
/// <param name="Policy">What datagrams do against loss; null where none are used.</param>
/// <param name="Note">Why sums do not travel as was asked; null where they do. Told of the head board alone.</param>
/// <param name="Links">What it knows of its links; empty where nothing measures them.</param>
internal sealed record BoardModelEntry(
    string Model, int Shards, int Sequences, long KvBytes, long ReceivedWeightBytes, int PlanVersion,
    string? Transport, string? Topology, string? Policy, string? Note, IReadOnlyList<LinkReport> Links);
