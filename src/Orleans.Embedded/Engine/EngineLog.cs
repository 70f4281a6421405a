using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

internal static partial class EngineLog
{
    [LoggerMessage(4900, LogLevel.Warning, "OnDeactivateAsync of {Grain} failed.")]
    internal static partial void DeactivationFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(4901, LogLevel.Warning, "{Grain} could not take its state along and was deactivated instead of moved.")]
    internal static partial void MigrationFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(4902, LogLevel.Error, "A timer callback of {Grain} failed; the timer goes on.")]
    internal static partial void TimerCallbackFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(4903, LogLevel.Warning, "The end of the stream {Stream} failed.")]
    internal static partial void StreamDisposalFailed(ILogger logger, Exception exception, string stream);
}
