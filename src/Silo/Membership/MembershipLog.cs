using Halo.Fabric.Liveness;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Membership;

/// <summary>What becomes of boards in other processes: ids 5000 to 5099.</summary>
internal static partial class MembershipLog
{
    [LoggerMessage(5000, LogLevel.Information, "Board {Board} ({Address}) is in service: {Cores} cores, {GigabytesPerSecond:F1} GB/s, {Megabytes:F0} MB.", EventName = "Entered")]
    internal static partial void Entered(ILogger logger, string board, Uri address, int cores, double gigabytesPerSecond, double megabytes);

    [LoggerMessage(5001, LogLevel.Warning, "Board {Board} ({Address}) is lost: {Reason}.", EventName = "Lost")]
    internal static partial void Lost(ILogger logger, string board, Uri address, string reason);

    [LoggerMessage(5002, LogLevel.Warning, "The board at {Address} is not in service: {Reason}", EventName = "NotReached")]
    internal static partial void NotReached(ILogger logger, Uri address, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "The board at {Address} is {State}: {Reason}.", EventName = "LivenessChanged")]
    internal static partial void LivenessChanged(ILogger logger, string address, LivenessState state, string reason);

    [LoggerMessage(5005, LogLevel.Information, "Board {Board} ({Address}) is about to end: what runs goes on without it.", EventName = "Leaving")]
    internal static partial void Leaving(ILogger logger, string board, Uri address);

    [LoggerMessage(5004, LogLevel.Warning, "Model {Model} could not be planned anew: {Reason}", EventName = "NotReplanned")]
    internal static partial void NotReplanned(ILogger logger, string model, string reason);
}
