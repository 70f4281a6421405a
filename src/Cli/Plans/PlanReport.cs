using Halo.Planning;
using Halo.Planning.Assignment;
using Halo.Planning.Importance;
using Halo.Planning.Profiles;
using Halo.Planning.Timing;

namespace Halo.Cli.Plans;

/// <summary>A plan explained.</summary>
/// <param name="Model">The model.</param>
/// <param name="HeadBoard">The head board.</param>
/// <param name="KvPositions">Positions of KV.</param>
/// <param name="Placement">By what groups were placed.</param>
/// <param name="Policy">What is done against loss.</param>
/// <param name="Topology">Who sends to whom.</param>
/// <param name="Boards">What each board does.</param>
/// <param name="Time">What a token takes.</param>
/// <param name="ExpectedLostShare">Share of all importance that one sending of each sum would lose; null without importance.</param>
/// <param name="LostShare">The same after what the policy does; null without importance.</param>
/// <param name="PerplexityRise">Rise of the perplexity as a share of it; null where not known.</param>
internal sealed record PlanReport(
    string Model,
    string HeadBoard,
    int KvPositions,
    string Placement,
    string Policy,
    string Topology,
    IReadOnlyList<PlannedBoard> Boards,
    PlannedTime Time,
    double? ExpectedLostShare,
    double? LostShare,
    double? PerplexityRise)
{
    /// <summary>Explains a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="model">Its model.</param>
    /// <param name="boards">Its boards, with the losses that hold.</param>
    /// <param name="importance">What groups add; null where not known.</param>
    /// <param name="placement">By what groups were placed.</param>
    /// <param name="policy">What is done against loss.</param>
    /// <param name="options">How time is predicted.</param>
    internal static PlanReport Of(
        Plan plan, ModelProfile model, IReadOnlyList<BoardProfile> boards, ModelImportance? importance, Placement placement, SumPolicy policy, StepTimeOptions options)
    {
        StepTime time = StepTime.Predict(model, boards, plan, policy, options: options);
        QualityCost? quality = importance is null
            ? null
            : QualityCost.Predict(model, boards, plan, importance, policy, time.Copies, options.CriticalBoards);
        IReadOnlyDictionary<string, double>? held = importance is null ? null : HeldImportance.Shares(plan, model, importance);
        string placed = placement.Kind == PlacementKind.Importance && importance is null ? "even" : placement.Kind.ToString().ToLowerInvariant();
        return new PlanReport(
            plan.Model,
            plan.HeadBoard,
            plan.KvPositions,
            placed,
            PolicyWord(policy),
            options.Topology.ToString().ToLowerInvariant(),
            [.. boards.Select(board => PlannedBoard.Of(plan, model, board, held?[board.Name]))],
            PlannedTime.Of(time),
            importance is null ? null : PlanCost.Of(plan, model, boards, importance).LostShare,
            quality?.LostShare,
            quality?.PerplexityRise);
    }

    internal static string PolicyWord(SumPolicy policy) => policy == SumPolicy.TcpLowRto ? "tcp-low-rto" : policy.ToString().ToLowerInvariant();
}

/// <summary>What a board does under a plan.</summary>
/// <param name="Name">Its name.</param>
/// <param name="HeadGroups">Head groups of a layer.</param>
/// <param name="NeuronGroups">Neuron groups of a layer.</param>
/// <param name="TokenGroups">Token groups.</param>
/// <param name="Shards">Shards, replicas included.</param>
/// <param name="ReplicaGroups">Neuron groups over all layers that it holds for another board.</param>
/// <param name="MemoryBytes">Memory that it needs.</param>
/// <param name="MemoryLimitBytes">Memory that it has.</param>
/// <param name="StreamedBytes">Weights that it reads from storage for every token.</param>
/// <param name="Loss">Loss rate of what it sends.</param>
/// <param name="Importance">Share of all importance that it holds; null where not known.</param>
/// <param name="ExpectedLostShare">Share of all importance that one sending of its sums would lose.</param>
internal sealed record PlannedBoard(
    string Name,
    int HeadGroups,
    int NeuronGroups,
    int TokenGroups,
    int Shards,
    int ReplicaGroups,
    long MemoryBytes,
    long MemoryLimitBytes,
    long StreamedBytes,
    double Loss,
    double? Importance,
    double? ExpectedLostShare)
{
    internal static PlannedBoard Of(Plan plan, ModelProfile model, BoardProfile board, double? importance)
    {
        ShardAssignment[] shards = [.. plan.ShardsOf(board.Name)];
        int Groups(ShardKind kind) => shards.Where(shard => shard.Replica == 0 && shard.Shard.Kind == kind).Sum(shard => shard.GroupCount)
            / (kind == ShardKind.Vocabulary ? 1 : model.LayerCount);
        long needed = BoardMemory.Of(plan, model, board.Name).Total;
        long streamed = Math.Max(0, needed - board.MemoryBytes);
        return new PlannedBoard(
            board.Name,
            Groups(ShardKind.Attention),
            Groups(ShardKind.FeedForward),
            Groups(ShardKind.Vocabulary),
            shards.Length,
            shards.Where(shard => shard.Replica > 0).Sum(shard => shard.GroupCount),
            needed - streamed,
            board.MemoryBytes,
            streamed,
            board.Loss,
            importance,
            importance * board.Loss);
    }
}

/// <summary>What a token takes, in milliseconds.</summary>
/// <param name="TpotMs">All together.</param>
/// <param name="T0Ms">The same without loss.</param>
/// <param name="ComputeMs">Weights.</param>
/// <param name="DelayMs">One-way delays.</param>
/// <param name="DatagramMs">Sending and receiving.</param>
/// <param name="WaitMs">Waiting for what was lost.</param>
/// <param name="ProcessorMs">Processor time of all boards.</param>
/// <param name="Copies">Times that a datagram is sent at once.</param>
internal sealed record PlannedTime(
    double TpotMs, double T0Ms, double ComputeMs, double DelayMs, double DatagramMs, double WaitMs, double ProcessorMs, int Copies)
{
    internal static PlannedTime Of(StepTime time) => new(
        time.Seconds * 1e3, time.ZeroLossSeconds * 1e3, time.ComputeSeconds * 1e3, time.DelaySeconds * 1e3, time.DatagramSeconds * 1e3,
        time.WaitSeconds * 1e3, time.ProcessorSeconds * 1e3, time.Copies);
}
