namespace Halo.Planning.Profiles;

/// <summary>What the planner knows of one board.</summary>
/// <param name="Name">The board's name, unique in the cluster.</param>
/// <param name="BytesPerSecond">How fast the board streams weights through its cores, in bytes per second; only ratios between boards matter.</param>
/// <param name="MemoryBytes">Memory that shards, KV and buffers may take on this board, in bytes.</param>
public sealed record BoardProfile(string Name, double BytesPerSecond, long MemoryBytes)
{
    /// <summary>Whether the board streams weights that do not fit its memory from storage: then only KV and buffers must fit.</summary>
    public bool Streams { get; init; }
}
