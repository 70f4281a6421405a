namespace Halo.Gateway;

/// <summary>What the gateway writes to the log: ids and numbers, never prompts or completions.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(6000, LogLevel.Information, "Model {Model} is ready on {BoardCount} boards with {ShardCount} shards after {Seconds:F1} s.")]
    public static partial void ModelReady(this ILogger logger, string model, int boardCount, int shardCount, double seconds);

    [LoggerMessage(6001, LogLevel.Error, "Model {Model} cannot serve: {Reason}")]
    public static partial void ModelUnavailable(this ILogger logger, string model, string reason);

    [LoggerMessage(6002, LogLevel.Error, "Model {Model} could not be loaded.")]
    public static partial void ModelFailed(this ILogger logger, Exception exception, string model);

    [LoggerMessage(6003, LogLevel.Warning, "Model {Model} cannot serve yet, and is tried again as boards come: {Reason}")]
    public static partial void ModelWaits(this ILogger logger, string model, string reason);

    [LoggerMessage(6004, LogLevel.Warning, "The service starts without a board that was named, and takes it in when it answers: {Trouble}")]
    public static partial void BoardMissing(this ILogger logger, string? trouble);

    [LoggerMessage(6005, LogLevel.Warning, "{Warning}")]
    public static partial void KeyFile(this ILogger logger, string warning);

    [LoggerMessage(6010, LogLevel.Debug, "Request {RequestId}: {ChoiceCount} choices, {PromptTokens} prompt tokens, {CompletionTokens} generated, {Seconds:F3} s.")]
    public static partial void Completed(this ILogger logger, string requestId, int choiceCount, int promptTokens, int completionTokens, double seconds);

    [LoggerMessage(6011, LogLevel.Debug, "Request {RequestId} was cancelled: its client is gone.")]
    public static partial void Cancelled(this ILogger logger, string requestId);

    [LoggerMessage(6012, LogLevel.Warning, "Request {RequestId} could not be served: {Reason}")]
    public static partial void Unavailable(this ILogger logger, string requestId, string reason);

    [LoggerMessage(6013, LogLevel.Error, "Request {RequestId} failed.")]
    public static partial void Failed(this ILogger logger, Exception exception, string requestId);
}
