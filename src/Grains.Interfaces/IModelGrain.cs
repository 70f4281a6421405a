using Halo.Planning.Assignment;
using Orleans.Concurrency;

namespace Halo.Grains;

/// <summary>One model on the cluster; its key is the model's name. It makes the plan, keeps it, and moves shards.</summary>
[Alias("halo.model")]
public interface IModelGrain : IGrainWithStringKey
{
    /// <summary>
    /// Plans and loads the model where that has not been done, brings back shards whose grains are gone, and returns when steps can run.
    /// </summary>
    /// <exception cref="ModelUnavailableException">The model is unknown or unusable, or it does not fit the boards.</exception>
    [Alias("ensure-ready")]
    [ResponseTimeout("00:30:00")]
    Task<ModelStatus> EnsureReadyAsync();

    /// <summary>The committed plan.</summary>
    [Alias("plan")]
    Task<PlanDocument> GetPlanAsync();

    /// <summary>Moves a shard to another board, with its KV, between two steps. Running generations go on.</summary>
    /// <param name="shard">The shard's name, for example <c>3/attention-1</c>.</param>
    /// <param name="board">The board that shall hold it.</param>
    /// <returns>The plan that is now committed.</returns>
    [Alias("move-shard")]
    [ResponseTimeout("00:30:00")]
    Task<PlanDocument> MoveShardAsync(string shard, string board);

    /// <summary>
    /// Looks at what the boards' links lose and how fast they are, and carries out another plan, between two steps, where that has asked for one often
    /// enough. Running generations go on. It is called once in a while by itself; what goes wrong is logged, and the next look tries again.
    /// </summary>
    [Alias("review-plan")]
    [ResponseTimeout("00:30:00")]
    Task ReviewPlanAsync();

    /// <summary>
    /// Goes on without a board that is about to stop: ends when nothing runs on it any more. The board counts again when it comes anew. The head
    /// board cannot be done without.
    /// </summary>
    [Alias("withdraw")]
    [ResponseTimeout("00:30:00")]
    Task WithdrawBoardAsync(string board);

    /// <summary>Says that a step failed under a plan: the next <see cref="EnsureReadyAsync"/> looks after every shard.</summary>
    [Alias("report-failure")]
    [AlwaysInterleave]
    Task ReportFailureAsync(int planVersion);
}

/// <summary>A model that is ready for steps.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="ContextLength">Longest sequence in positions: the model's, or what the plan keeps KV for if that is less.</param>
/// <param name="PlanVersion">The committed plan.</param>
/// <param name="HeadBoard">The head board.</param>
[GenerateSerializer, Immutable, Alias("halo.model-status")]
public sealed record ModelStatus(
    [property: Id(0)] string Name, [property: Id(1)] int ContextLength, [property: Id(2)] int PlanVersion, [property: Id(3)] string HeadBoard);

/// <summary>A plan as it crosses grain calls.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The plan's version.</param>
/// <param name="Json">The plan; see <see cref="Plan.ToJson"/>.</param>
[GenerateSerializer, Immutable, Alias("halo.plan-document")]
public sealed record PlanDocument([property: Id(0)] string Model, [property: Id(1)] int Version, [property: Id(2)] string Json)
{
    /// <summary>Wraps a plan.</summary>
    public static PlanDocument Of(Plan plan) => new(plan.Model, plan.Version, plan.ToJson());

    /// <summary>Unwraps the plan.</summary>
    public Plan ToPlan() => Plan.FromJson(Json);
}
