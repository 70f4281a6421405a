using Microsoft.Extensions.Logging;

namespace Halo.Boards.Remote;

/// <summary>What joining boards reports: ids 3600 to 3699.</summary>
internal static partial class SessionsLog
{
    [LoggerMessage(3600, LogLevel.Warning, "The boards of {Model} exchange sums through the head board, as not all of them reach each other: {Reason}", EventName = "NoMesh")]
    internal static partial void NoMesh(ILogger logger, string model, string reason);

    [LoggerMessage(3601, LogLevel.Warning, "The boards of {Model} exchange sums over TCP, as datagrams do not pass between all of them and the head board: {Reason}", EventName = "NoDatagrams")]
    internal static partial void NoDatagrams(ILogger logger, string model, string reason);
}
