using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

internal static partial class EngineLog
{
    [LoggerMessage(4900, LogLevel.Warning, "The end of {Grain} failed; state that it would have taken along is lost.")]
    internal static partial void DeactivationFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(4901, LogLevel.Warning, "No silo could be chosen for {Grain} to move to; it stays.")]
    internal static partial void MigrationFailed(ILogger logger, Exception exception, GrainId grain);
}
