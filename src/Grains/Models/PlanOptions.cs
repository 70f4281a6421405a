using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Planning.Replanning;

namespace Halo.Grains.Models;

/// <summary>What the user asks of plans, and of what runs under them.</summary>
public sealed record PlanOptions
{
    /// <summary>Positions of KV for all sequences together; null lets the planner choose.</summary>
    public int? KvPositions { get; init; }

    /// <summary>The head board; null takes the one on which the model's grain is: one that has the model's file.</summary>
    public string? HeadBoard { get; init; }

    /// <summary>Whether the head board holds attention and feed-forward shards.</summary>
    public bool HeadHoldsShards { get; init; } = true;

    /// <summary>
    /// How long to go on trying after a silo did not answer: until it is known to be gone, its grains cannot be placed elsewhere. Zero where that is
    /// known at once.
    /// </summary>
    public TimeSpan Patience { get; init; }

    /// <summary>
    /// How long after a step failed to go on trying for a plan under which what runs can go on: boards may come back. An attempt that is under way is
    /// let end. Where the model does not fit the boards that are left nothing is tried again.
    /// </summary>
    public TimeSpan Recovery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What the groups of models add, by the models' names, in place of what lies beside their files. Models without are planned by speed alone and
    /// never planned anew.
    /// </summary>
    public IReadOnlyDictionary<string, ModelImportance> Importance { get; init; } = new Dictionary<string, ModelImportance>();

    /// <summary>How groups are given to boards.</summary>
    public Planning.Assignment.Placement Placement { get; init; }

    /// <summary>See <see cref="PlanRequest.LossWeight"/>; null for its default.</summary>
    public double? LossWeight { get; init; }

    /// <summary>Packet loss rates, 0 to 1, by the boards' names, as long as nothing has been measured.</summary>
    public IReadOnlyDictionary<string, double> Losses { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// Boards, counted from the head board on, whose sums always come, while those of others may be missed; 0 where nothing is ever missed. The most
    /// important groups go to these, even while no link loses anything.
    /// </summary>
    public int CriticalBoards { get; init; }

    /// <summary>How often boards are asked how much their links lose; zero for never.</summary>
    public TimeSpan ReviewPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>When what they say asks for another plan.</summary>
    public ReplanRule ReplanRule { get; init; } = new();

    /// <summary>Tokens that are guessed ahead where a request does not say: as in <see cref="Speculation"/>.</summary>
    public int Speculate { get; init; }

    /// <summary>The clock of <see cref="ReviewPeriod"/>, and of what steps take.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
