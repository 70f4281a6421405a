using Microsoft.Extensions.Logging;

namespace Halo.Silo.Hosting;

/// <summary>What a board process reports beside its work: ids 5100 to 5199.</summary>
internal static partial class BoardProcessLog
{
    [LoggerMessage(5100, LogLevel.Warning, "{Warning}", EventName = "KeyFile")]
    internal static partial void KeyFile(ILogger logger, string warning);

    [LoggerMessage(5101, LogLevel.Information, "Board {Board} has joined {Head}.", EventName = "Joined")]
    internal static partial void Joined(ILogger logger, string board, Uri head);

    [LoggerMessage(5102, LogLevel.Warning, "Board {Board} could not join {Head}, and goes on trying: {Reason}", EventName = "NotJoined")]
    internal static partial void NotJoined(ILogger logger, string board, Uri head, string reason);
}
