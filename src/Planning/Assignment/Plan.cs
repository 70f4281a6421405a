using System.Text.Json;
using System.Text.Json.Serialization;

namespace Halo.Planning.Assignment;

/// <summary>
/// A numbered decision about which board holds which shard of a model. Boards refuse steps of another version, so a plan is
/// prepared (shards loaded), committed at a step boundary, and the one before it retired.
/// </summary>
public sealed record Plan
{
    /// <summary>The plan's number; each new plan of a model has a higher one.</summary>
    public required int Version { get; init; }

    /// <summary>The model the plan is for.</summary>
    public required string Model { get; init; }

    /// <summary>
    /// All boards of the plan, in the fixed order in which partial sums are added; a board without shards still walks every step.
    /// </summary>
    public required IReadOnlyList<string> Boards { get; init; }

    /// <summary>The board that announces steps, holds the embedding table and samples.</summary>
    public required string HeadBoard { get; init; }

    /// <summary>Positions of KV that the boards keep in all sequences together.</summary>
    public required int KvPositions { get; init; }

    /// <summary>All shards, in the order of their names.</summary>
    public required IReadOnlyList<ShardAssignment> Shards { get; init; }

    /// <summary>The assignment of one shard, or null where the plan has no such shard.</summary>
    public ShardAssignment? Find(ShardId shard) => Shards.FirstOrDefault(assignment => assignment.Shard == shard);

    /// <summary>The shards that one board holds.</summary>
    public IEnumerable<ShardAssignment> ShardsOf(string board) => Shards.Where(assignment => assignment.Board == board);

    /// <summary>The shards that have other groups than under another plan, are on another board, or are new: what is to be prepared.</summary>
    public IReadOnlyList<ShardAssignment> ChangesFrom(Plan before)
    {
        HashSet<ShardAssignment> same = [.. before.Shards];
        return [.. Shards.Where(shard => !same.Contains(shard))];
    }

    /// <summary>The names that another plan has and this one has not: shards to be released.</summary>
    public IReadOnlyList<ShardId> GoneFrom(Plan before) =>
        [.. before.Shards.Select(shard => shard.Shard).Except(Shards.Select(shard => shard.Shard))];

    /// <summary>The next version of this plan, with one shard on another board.</summary>
    /// <exception cref="ArgumentException">The plan knows no such shard or board.</exception>
    public Plan Move(ShardId shard, string board)
    {
        if (!Boards.Contains(board))
        {
            throw new ArgumentException($"Plan {Version} of {Model} has no board '{board}'; it has {string.Join(", ", Boards)}.", nameof(board));
        }

        if (Find(shard) is null)
        {
            throw new ArgumentException($"Plan {Version} of {Model} has no shard '{shard}'.", nameof(shard));
        }

        return this with
        {
            Version = Version + 1,
            Shards = [.. Shards.Select(assignment => assignment.Shard == shard ? assignment with { Board = board } : assignment)],
        };
    }

    /// <summary>The plan as JSON: the form in which it crosses grain calls and control requests.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, PlanJson.Default.Plan);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">The text is no plan.</exception>
    public static Plan FromJson(string json) =>
        JsonSerializer.Deserialize(json, PlanJson.Default.Plan) ?? throw new JsonException("The plan is null.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Plan))]
internal sealed partial class PlanJson : JsonSerializerContext;
