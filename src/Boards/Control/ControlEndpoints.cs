using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Control;

/// <summary>Puts a <see cref="ControlServer"/> on HTTP.</summary>
public static class ControlEndpoints
{
    /// <summary>Serves the handshake at <c>/halo/hello</c> and <c>/halo/finish</c>.</summary>
    public static void MapHaloHandshake(this IEndpointRouteBuilder endpoints, ControlServer server)
    {
        endpoints.MapPost(ControlProtocol.HelloPath, context => HelloAsync(context, server));
        endpoints.MapPost(ControlProtocol.FinishPath, context => FinishAsync(context, server));
    }

    /// <summary>
    /// A group whose endpoints can be reached in no other way than by sealed requests of a session. Handlers read a plain body and write a
    /// plain body; <see cref="ControlCallerExtensions.ControlCaller"/> says who calls. Only method, path, query, content type and body of a
    /// request and status and body of an answer are protected and cross: handlers must heed no other header and set none. An exception becomes
    /// status 500 (400 for bad input) with its message. Status 204 and others that allow no body become 200.
    /// </summary>
    public static RouteGroupBuilder MapHaloControl(this IEndpointRouteBuilder endpoints, ControlServer server, string prefix = "/control")
    {
        RouteGroupBuilder group = endpoints.MapGroup(prefix);
        ((IEndpointConventionBuilder)group).Add(endpoint =>
        {
            RequestDelegate handler = endpoint.RequestDelegate
                ?? throw new InvalidOperationException($"The control endpoint {endpoint.DisplayName} has no handler.");
            endpoint.RequestDelegate = context => SealedExchange.ServeAsync(context, server, handler);
        });
        return group;
    }

    /// <summary>Answers a message with a refusal, and says so in the log.</summary>
    internal static Task RefuseAsync(HttpContext context, ControlServer server, Refusal refusal, byte[]? mac = null)
    {
        ILoggerFactory? loggers = context.RequestServices.GetService<ILoggerFactory>();
        if (loggers is not null && server.MayWarn(refusal.Reason))
        {
            ControlLog.Refused(loggers.CreateLogger<ControlServer>(), Address(context), refusal.Reason, refusal.Text);
        }

        context.Response.StatusCode = refusal.Status;
        return WriteAsync(context, server.Refuse(refusal) with { Mac = mac }, ControlJson.Default.ControlError);
    }

    private static async Task HelloAsync(HttpContext context, ControlServer server)
    {
        byte[]? bytes = await ReadAsync(context);
        Challenge? challenge = null;
        Refusal? refusal = TryParse(bytes, ControlJson.Default.VersionHead) is not { } head ? NotOurs
            : server.CheckVersion(head, Address(context)) is { } other ? other
            : TryParse(bytes, ControlJson.Default.Hello) is not { } hello ? NotOurs
            : server.Greet(hello, out challenge);
        await (refusal is null ? WriteAsync(context, challenge!, ControlJson.Default.Challenge) : RefuseAsync(context, server, refusal));
    }

    private static async Task FinishAsync(HttpContext context, ControlServer server)
    {
        Welcome? welcome = null;
        Refusal? refusal = TryParse(await ReadAsync(context), ControlJson.Default.Finish) is { } finish
            ? server.Complete(finish, out welcome)
            : NotOurs;
        await (refusal is null ? WriteAsync(context, welcome!, ControlJson.Default.Welcome) : RefuseAsync(context, server, refusal));
    }

    private static Refusal NotOurs { get; } = new(ControlRefusal.Malformed, "this is no message of a Halo handshake");

    private static string Address(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unknown address";

    private static async Task<byte[]?> ReadAsync(HttpContext context)
    {
        byte[] buffer = new byte[ControlProtocol.MaxMessageBytes + 1];
        int read = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        return read < buffer.Length ? buffer[..read] : null;
    }

    private static T? TryParse<T>(byte[]? bytes, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return bytes is null ? null : JsonSerializer.Deserialize(bytes, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task WriteAsync<T>(HttpContext context, T message, JsonTypeInfo<T> type)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(message, type);
        context.Response.ContentType = ControlProtocol.Json;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
