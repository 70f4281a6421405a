using Microsoft.Extensions.Logging;

namespace Halo.Boards.Control;

/// <summary>What the control channel writes to the log: no keys, no bodies.</summary>
internal static partial class ControlLog
{
    [LoggerMessage(3100, LogLevel.Warning, "A control message from {Address} was refused ({Reason}): {Text}")]
    internal static partial void Refused(ILogger logger, string address, ControlRefusal reason, string text);

    [LoggerMessage(3101, LogLevel.Warning, "The control request {Method} {Path} from board {Board} failed.")]
    internal static partial void Failed(ILogger logger, Exception fault, string method, string path, string board);
}
