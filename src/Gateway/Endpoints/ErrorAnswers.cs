using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Halo.Gateway.Contracts;
using Microsoft.AspNetCore.Diagnostics;

namespace Halo.Gateway.Endpoints;

/// <summary>Gives every request an id, and every fault OpenAI's form: what was foreseen in words, all else as 500 with the id to look for.</summary>
internal sealed class ErrorAnswers
{
    private readonly RequestDelegate _next;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger<ErrorAnswers> _log;

    public ErrorAnswers(RequestDelegate next, GatewayMetrics metrics, ILogger<ErrorAnswers> log)
    {
        _next = next;
        _metrics = metrics;
        _log = log;
    }

    public async Task InvokeAsync(HttpContext context)
    {
        context.TraceIdentifier = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        context.Response.Headers["X-Request-Id"] = context.TraceIdentifier;
        try
        {
            await _next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whatever it was, there is nobody to tell.
            _log.Cancelled(context.TraceIdentifier);
            return;
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, Describe(context, fault, _log));
        }

        _metrics.RequestAnswered(context.Response.StatusCode);
    }

    /// <summary>What the client is told of a fault; the log is told what the operator should know.</summary>
    public static ApiException Describe(HttpContext context, Exception fault, ILogger log)
    {
        if (ApiException.From(fault) is not { } known)
        {
            log.Failed(fault, context.TraceIdentifier);
            return ApiException.Unexpected(context.TraceIdentifier);
        }

        if (known.StatusCode >= StatusCodes.Status500InternalServerError)
        {
            log.Unavailable(context.TraceIdentifier, known.Message);
        }

        return known;
    }

    /// <summary>Writes an error as the response.</summary>
    public static async Task WriteAsync(HttpContext context, ApiException error)
    {
        context.Response.StatusCode = error.StatusCode;
        if (error.RetryAfterSeconds is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        // Its length said: a board that asks a gateway without a key to be taken in reads no answer that does not say it.
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new ErrorResponse(error.Detail), GatewayJson.Of<ErrorResponse>());
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Errors that the server's own parts answer, with a status and nothing else.</summary>
    public static Task WriteStatusAsync(StatusCodeContext page)
    {
        HttpContext context = page.HttpContext;
        int status = context.Response.StatusCode;
        string path = context.Request.Path.Value ?? "";
        (string code, string message) = status switch
        {
            StatusCodes.Status404NotFound => ("not_found", $"There is no {Shown(path)}; this service has /v1/completions, /v1/models, /v1/boards, /healthz and /readyz."),
            StatusCodes.Status405MethodNotAllowed => ("method_not_allowed", $"{Shown(path)} does not take {Shown(context.Request.Method)}; see the header Allow."),
            _ => ("refused", $"The request was refused with status {status}."),
        };
        return WriteAsync(context, ApiException.Refused(status, code, message));
    }

    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
