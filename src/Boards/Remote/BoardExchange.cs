using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Halo.Boards.Control;
using Microsoft.AspNetCore.Http;

namespace Halo.Boards.Remote;

/// <summary>What the handlers of a board's control requests share: reading a request, writing its answer, telling faults apart.</summary>
internal static class BoardExchange
{
    /// <summary>Runs a handler; faults that callers tell apart become statuses.</summary>
    internal static async Task AnswerAsync(HttpContext context, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (Exception fault) when (BoardFaults.StatusOf(fault) is { } status)
        {
            context.Response.StatusCode = status;
            await context.WriteAsync(new FaultText(fault.Message), BoardJson.Default.FaultText);
        }
    }

    /// <summary>The path as it is mapped below <see cref="BoardPaths.Prefix"/>.</summary>
    internal static string Relative(string path) => path[BoardPaths.Prefix.Length..];

    internal static string Model(this HttpContext context) => context.Query("model");

    internal static int Version(this HttpContext context) => int.TryParse(context.Query("version"), out int version)
        ? version
        : throw new BadHttpRequestException("version is no number.");

    internal static Guid SessionId(this HttpContext context) => Guid.TryParse(context.Query("session"), out Guid id)
        ? id
        : throw new BadHttpRequestException("session is no session's id.");

    internal static string Query(this HttpContext context, string name) => context.Request.Query[name] is [{ Length: > 0 } value]
        ? value
        : throw new BadHttpRequestException($"The query has no {name}.");

    internal static ReadOnlyMemory<byte> Body(this HttpContext context) => context.ControlCaller().Body;

    internal static T Read<T>(this HttpContext context, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(context.Body().Span, type) ?? throw new JsonException("The body is null.");

    internal static Task WriteAsync<T>(this HttpContext context, T value, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(value, type, cancellationToken: context.RequestAborted);
}
