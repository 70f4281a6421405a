using Microsoft.Extensions.Logging;

namespace Halo.Grains;

/// <summary>What the grains report: ids 4000 to 4999.</summary>
internal static partial class GrainsLog
{
    [LoggerMessage(4000, LogLevel.Information, "Model {Model} is ready: plan {Version}, {Shards} shards on {Boards} boards, head board {Head}.", EventName = "ModelReady")]
    internal static partial void ModelReady(ILogger logger, string model, int version, int shards, int boards, string head);

    [LoggerMessage(4001, LogLevel.Information, "Shard {Model}/{Shard} moved to {Board}: plan {Version}.", EventName = "ShardMoved")]
    internal static partial void ShardMoved(ILogger logger, string model, string shard, string board, int version);

    [LoggerMessage(4002, LogLevel.Warning, "A step of {Model} was given up: {Reason}", EventName = "StepFailed")]
    internal static partial void StepFailed(ILogger logger, string model, string reason);

    [LoggerMessage(4004, LogLevel.Warning, "Board {Board} did not clear up for {Model} after plan {Version}: {Reason}", EventName = "BoardNotCleared")]
    internal static partial void BoardNotCleared(ILogger logger, string board, string model, int version, string reason);

    [LoggerMessage(4005, LogLevel.Warning, "Model {Model} does without board {Board}: {Reason}", EventName = "BoardLeftOut")]
    internal static partial void BoardLeftOut(ILogger logger, string model, string board, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "Plan {Version} of {Model} could not be carried out: {Reason}", EventName = "PlanAbandoned")]
    internal static partial void PlanAbandoned(ILogger logger, int version, string model, string reason);

    [LoggerMessage(4006, LogLevel.Information, "{Sequences} sequences of {Model} go on under plan {Version}, {Seconds:0.000} s after their step failed: {Tokens} tokens are computed again.", EventName = "Replaying")]
    internal static partial void Replaying(ILogger logger, int sequences, string model, int version, double seconds, long tokens);

    [LoggerMessage(4007, LogLevel.Warning, "The sequences of {Model} cannot go on yet: {Reason}", EventName = "NotRecovered")]
    internal static partial void NotRecovered(ILogger logger, string model, string reason);

    [LoggerMessage(4008, LogLevel.Information, "Plan {Version} of {Model} is carried out: {Weights:0.000} s for what boards lacked, {Shards:0.000} s for shards, {Session:0.000} s for the session.", EventName = "PlanCarriedOut")]
    internal static partial void PlanCarriedOut(ILogger logger, int version, string model, double weights, double shards, double session);

    [LoggerMessage(4009, LogLevel.Information, "Model {Model} runs under plan {Version} now, as its boards changed: {Groups} groups moved, {Gain:P0} gained.", EventName = "PlanReplaced")]
    internal static partial void PlanReplaced(ILogger logger, string model, int version, int groups, double gain);

    [LoggerMessage(4010, LogLevel.Debug, "A look at the boards of {Model} came to nothing: {Reason}", EventName = "ReviewFailed")]
    internal static partial void ReviewFailed(ILogger logger, string model, string reason);

    [LoggerMessage(4011, LogLevel.Warning, "Shard {Model}/{Shard} was not released: {Reason}", EventName = "ShardNotReleased")]
    internal static partial void ShardNotReleased(ILogger logger, string model, string shard, string reason);
}
