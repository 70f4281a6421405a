namespace Halo.Planning.Profiles;

/// <summary>What the planner knows of one board.</summary>
/// <param name="Name">The board's name, unique in the cluster.</param>
/// <param name="BytesPerSecond">
/// How fast the board streams weights through its cores, in bytes per second; only ratios between boards matter unless delays or storage are given.
/// </param>
/// <param name="MemoryBytes">Memory that shards, KV and buffers may take on this board, in bytes.</param>
public sealed record BoardProfile(string Name, double BytesPerSecond, long MemoryBytes)
{
    /// <summary>Whether the board streams weights that do not fit its memory from storage: then only KV and buffers must fit.</summary>
    public bool Streams { get; init; }

    /// <summary>Packet loss rate of what the board sends, 0 to 1, as its receivers see it.</summary>
    public double Loss { get; init; }

    /// <summary>One-way delay from this board to the others, in seconds.</summary>
    public double DelaySeconds { get; init; }

    /// <summary>
    /// Bytes per second at which the board reads weights from its storage while it computes; 0 where all weights must fit its memory. A board that
    /// reads may hold more feed-forward weights than memory, and is slower for it.
    /// </summary>
    public double StorageBytesPerSecond { get; init; }

    /// <summary>The machine whose cores the board shares with others of the same host; null where it has a machine of its own.</summary>
    public string? Host { get; init; }

    /// <summary>Cores of the board's machine.</summary>
    public int Cores { get; init; } = 1;

    /// <summary>Says what is wrong with the numbers; null where nothing is.</summary>
    internal string? Fault =>
        !double.IsFinite(BytesPerSecond) || BytesPerSecond <= 0 ? $"has speed {BytesPerSecond}; a positive number is needed"
        : !(Loss is >= 0 and <= 1) ? $"has loss {Loss}; a number from 0 to 1 is needed"
        : !double.IsFinite(DelaySeconds) || DelaySeconds < 0 ? $"has a delay of {DelaySeconds} s; it cannot be negative"
        : !double.IsFinite(StorageBytesPerSecond) || StorageBytesPerSecond < 0 ? $"has storage of {StorageBytesPerSecond} bytes/s; it cannot be negative"
        : Cores < 1 ? $"has {Cores} cores; at least 1 is needed"
        : null;
}
