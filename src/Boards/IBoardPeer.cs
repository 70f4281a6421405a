using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>A board as the grains of another board reach it.</summary>
/// <remarks>Every call may fail with <see cref="BoardLostException"/> where the board is in another process.</remarks>
public interface IBoardPeer
{
    /// <summary>The board's name.</summary>
    string Name { get; }

    /// <summary>Writes out the KV of a shard: everything, or what a copy made earlier lacks.</summary>
    Task<IReadOnlyList<KvBlock>> ExportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvMark> known);
}
