using Microsoft.Extensions.Logging;

namespace Halo.Boards.Remote;

/// <summary>What a board process reports: ids 3000 to 3499.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(3000, LogLevel.Information, "Board {Board} is in the service of {Head}.", EventName = "Attached")]
    internal static partial void Attached(ILogger logger, string board, string head);

    [LoggerMessage(3001, LogLevel.Information, "Board {Board} has left the service of {Head}: {Reason}.", EventName = "Detached")]
    internal static partial void Detached(ILogger logger, string board, string head, string reason);

    [LoggerMessage(3002, LogLevel.Debug, "Board {Board} has piece {Piece} of {Model}, {Bytes} bytes.", EventName = "PieceStored")]
    internal static partial void PieceStored(ILogger logger, string board, string model, string piece, long bytes);

    [LoggerMessage(3003, LogLevel.Error, "A session of board {Board} failed.", EventName = "SessionFailed")]
    internal static partial void SessionFailed(ILogger logger, Exception exception, string board);

    [LoggerMessage(3004, LogLevel.Error, "Board {Board} could not serve {Path}.", EventName = "RequestFailed")]
    internal static partial void RequestFailed(ILogger logger, Exception exception, string board, string path);
}
