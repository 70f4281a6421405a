using System.Text.Json.Serialization;

namespace Halo.Planning.Assignment;

/// <summary>One shard in a plan: which groups it is made of and which board holds it.</summary>
/// <param name="Shard">The shard's name.</param>
/// <param name="FirstGroup">Its first group, from 0.</param>
/// <param name="GroupCount">How many groups follow, at least 1.</param>
/// <param name="Board">The board that holds it.</param>
/// <param name="Replica">
/// 0 for the one that steps compute; 1 for a second one of the same groups on another board, under a name of its own, that is held and not computed.
/// </param>
public sealed record ShardAssignment(
    ShardId Shard,
    int FirstGroup,
    int GroupCount,
    string Board,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Replica = 0)
{
    /// <summary>The shard's content, which stays the same when the shard moves to another board.</summary>
    public ShardSlice Slice => new(Shard, FirstGroup, GroupCount);
}

/// <summary>A shard with the groups it is made of, wherever it is held.</summary>
/// <param name="Shard">The shard's name.</param>
/// <param name="FirstGroup">Its first group, from 0.</param>
/// <param name="GroupCount">How many groups follow.</param>
public readonly record struct ShardSlice(ShardId Shard, int FirstGroup, int GroupCount);
