using Microsoft.Extensions.Logging;

namespace Halo.Silo.Engines;

/// <summary>What silos and clients of a cluster report: ids 5200 to 5299.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(5200, LogLevel.Warning, "No silo answers that the {Store} names; trying again: {Reason}", EventName = "Waiting")]
    internal static partial void Waiting(ILogger logger, string store, string reason);

    [LoggerMessage(5201, LogLevel.Warning, "Silo {Board} was taken for dead by the others ({Reason}); it gives up what it held and joins anew.", EventName = "Evicted")]
    internal static partial void Evicted(ILogger logger, string board, string reason);

    [LoggerMessage(5202, LogLevel.Information, "Boards of the cluster now: {Boards}.", EventName = "Boards")]
    internal static partial void Boards(ILogger logger, string boards);

    [LoggerMessage(5203, LogLevel.Warning, "Board {Board} is lost: its process is gone.", EventName = "Gone")]
    internal static partial void Gone(ILogger logger, string board);

    [LoggerMessage(5204, LogLevel.Warning, "Model {Model} could not be planned anew: {Reason}", EventName = "NotReplanned")]
    internal static partial void NotReplanned(ILogger logger, string model, string reason);

    [LoggerMessage(5205, LogLevel.Warning, "{Model} goes on with board {Board} though it is being stopped: {Reason}", EventName = "NotWithdrawn")]
    internal static partial void NotWithdrawn(ILogger logger, string board, string model, string reason);
}
