using Halo.Boards;
using Halo.Gateway.Contracts;
using Halo.Grains;
using Orleans.Runtime;

namespace Halo.Gateway.Endpoints;

/// <summary>A request that ends with an error answer; <see cref="ErrorAnswers"/> writes it.</summary>
internal sealed class ApiException : Exception
{
    public ApiException(int statusCode, ErrorDetail detail)
        : base(detail.Message)
    {
        StatusCode = statusCode;
        Detail = detail;
    }

    public int StatusCode { get; }

    public ErrorDetail Detail { get; }

    /// <summary>After how many seconds a repeat may do better; null where it will not.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>A field is at fault: 400.</summary>
    public static ApiException Invalid(string? field, string message, string? code = null) =>
        new(StatusCodes.Status400BadRequest, new ErrorDetail(message, ErrorTypes.InvalidRequest, field, code));

    /// <summary>The request as a whole is at fault.</summary>
    public static ApiException Refused(int statusCode, string code, string message) =>
        new(statusCode, new ErrorDetail(message, ErrorTypes.InvalidRequest, null, code));

    /// <summary>There is no model of that name: 404.</summary>
    public static ApiException UnknownModel(string message) =>
        new(StatusCodes.Status404NotFound, new ErrorDetail(message, ErrorTypes.InvalidRequest, "model", "model_not_found"));

    /// <summary>The model cannot serve now: 503.</summary>
    public static ApiException Unavailable(string code, string message) =>
        new(StatusCodes.Status503ServiceUnavailable, new ErrorDetail(message, ErrorTypes.Server, "model", code)) { RetryAfterSeconds = 2 };

    /// <summary>The boards cannot be asked now: 503.</summary>
    public static ApiException NotRunning(string message) =>
        new(StatusCodes.Status503ServiceUnavailable, new ErrorDetail(message, ErrorTypes.Server, null, "not_running")) { RetryAfterSeconds = 2 };

    /// <summary>More requests are at work than the service takes: 429.</summary>
    public static ApiException TooMany(int limit) => new(
        StatusCodes.Status429TooManyRequests,
        new ErrorDetail($"{limit} requests are at work, the most this service takes; try again soon.", ErrorTypes.RateLimit, null, "rate_limit_exceeded"))
    {
        RetryAfterSeconds = 1,
    };

    /// <summary>What a client is told of an exception; null where it is unexpected and the client learns no more than that.</summary>
    public static ApiException? From(Exception exception) => exception switch
    {
        ApiException known => known,
        BadRequestException bad => Invalid(bad.Parameter, bad.Message),
        ModelUnavailableException { Fault: ModelFault.Unknown } unknown => UnknownModel(unknown.Message),
        ModelUnavailableException { Fault: ModelFault.DoesNotFit } large => Unavailable("model_does_not_fit", large.Message),
        ModelUnavailableException { Fault: ModelFault.Unusable } broken => Unavailable("model_unusable", broken.Message),
        BoardLostException lost => Unavailable("model_failed", lost.Message),
        OrleansException silent => Unavailable("cluster_failed", $"The cluster did not answer: {silent.Message}"),
        TimeoutException late => Unavailable("cluster_failed", $"The cluster did not answer in time: {late.Message}"),
        ModelUnavailableException failed => Unavailable("model_failed", failed.Message),
        _ => null,
    };

    /// <summary>The answer to an exception that nobody expected: 500, and the id under which the log has it.</summary>
    public static ApiException Unexpected(string requestId) => new(
        StatusCodes.Status500InternalServerError,
        new ErrorDetail($"The service failed on request {requestId}; its log says how.", ErrorTypes.Server, null, "internal_error"));
}

/// <summary>The kinds of errors that OpenAI's clients tell apart.</summary>
internal static class ErrorTypes
{
    public const string InvalidRequest = "invalid_request_error";
    public const string RateLimit = "rate_limit_error";
    public const string Server = "server_error";
}
