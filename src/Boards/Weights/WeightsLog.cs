using Microsoft.Extensions.Logging;

namespace Halo.Boards.Weights;

/// <summary>What a board process reports of its weights: ids 3500 to 3599.</summary>
internal static partial class WeightsLog
{
    [LoggerMessage(3500, LogLevel.Information, "Weights of {Model} come from {Source}.", EventName = "Opened")]
    internal static partial void Opened(ILogger logger, string model, string source);

    [LoggerMessage(3501, LogLevel.Warning, "{Message} It will be sent again.", EventName = "Damaged")]
    internal static partial void Damaged(ILogger logger, string message);

    [LoggerMessage(3502, LogLevel.Warning, "The model file {File} cannot be used: {Reason}", EventName = "FileUnusable")]
    internal static partial void FileUnusable(ILogger logger, string file, string reason);
}
