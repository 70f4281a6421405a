namespace Halo.Grains.Models;

/// <summary>What the user asks of plans.</summary>
public sealed record PlanOptions
{
    /// <summary>Positions of KV for all sequences together; null lets the planner choose.</summary>
    public int? KvPositions { get; init; }

    /// <summary>The head board; null takes the first.</summary>
    public string? HeadBoard { get; init; }

    /// <summary>Whether the head board holds attention and feed-forward shards.</summary>
    public bool HeadHoldsShards { get; init; } = true;
}
