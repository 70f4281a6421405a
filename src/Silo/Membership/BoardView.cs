namespace Halo.Silo.Membership;

/// <summary>A board as operators see it.</summary>
/// <param name="Name">Its name; empty until it was reached.</param>
/// <param name="Address">Its control endpoint; null for a board of this process.</param>
/// <param name="State">How it stands to the cluster.</param>
/// <param name="Reason">Why it is not in service; null where it is.</param>
/// <param name="Cores">Cores that it may use; 0 until it was reached.</param>
/// <param name="BytesPerSecond">Rate at which it streams weights, in bytes per second.</param>
/// <param name="MemoryBytes">Memory for shards, KV and buffers, in bytes.</param>
/// <param name="RoundTrip">Smoothed round trip of its heartbeats; null without any.</param>
/// <param name="LossRate">Share of its latest heartbeats without an answer, 0 to 1.</param>
public sealed record BoardView(
    string Name,
    Uri? Address,
    BoardState State,
    string? Reason,
    int Cores,
    double BytesPerSecond,
    long MemoryBytes,
    TimeSpan? RoundTrip,
    double LossRate)
{
    /// <summary>Where it is and why it is not in service; null where it is.</summary>
    public string? Trouble => (Address?.GetLeftPart(UriPartial.Authority), Reason) switch
    {
        (_, null) => null,
        (null, { } reason) => reason,
        ({ } address, { } reason) => reason.StartsWith(address, StringComparison.Ordinal) ? reason : $"{address}: {reason}",
    };
}
