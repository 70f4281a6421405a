using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Control;

/// <summary>Opens one request, lets its handler run, and seals the answer.</summary>
internal static class SealedExchange
{
    internal static async Task ServeAsync(HttpContext context, ControlServer server, RequestDelegate handler)
    {
        if (TryReadHead(context, out RequestHead head, out byte[] proof) is { } malformed)
        {
            await ControlEndpoints.RefuseAsync(context, server, malformed);
        }
        else if (server.Find(head.Session) is not { } session)
        {
            Refusal unknown = new(ControlRefusal.SessionUnknown, "this session is not known here: shake hands again");
            await ControlEndpoints.RefuseAsync(context, server, unknown, server.SignUnknown(head.Session, head.Number));
        }
        else if (CheckHead(server, session, head, proof) is { } refusal)
        {
            await ControlEndpoints.RefuseAsync(context, server, refusal);
        }
        else if (await OpenAsync(context, server, session, head) is not { } body)
        {
            await ControlEndpoints.RefuseAsync(context, server, new Refusal(ControlRefusal.Altered, "the request's body is not what was sealed"));
        }
        else
        {
            server.CountRequest();
            context.Features.Set(new ControlCaller(session.Peer.Name, session.Peer.InstanceId, session, body));
            await AnswerAsync(context, server, session, head.Number, handler);
        }
    }

    private static Refusal? TryReadHead(HttpContext context, out RequestHead head, out byte[] proof)
    {
        HttpRequest request = context.Request;
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        string session = request.Headers[ControlProtocol.SessionHeader].ToString();
        proof = new byte[ControlProtocol.MacBytes];
        bool whole = ulong.TryParse(request.Headers[ControlProtocol.NumberHeader], NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            & Convert.TryFromBase64String(request.Headers[ControlProtocol.ProofHeader].ToString(), proof, out int proofBytes);
        head = new RequestHead(session, number, request.Method, target, request.ContentType ?? "", request.ContentLength ?? -1);
        return whole && proofBytes == proof.Length && session.Length is > 0 and <= PlainText.MaxName && head.BodyBytes >= BodySeal.TagBytes
            ? null
            : new Refusal(ControlRefusal.Malformed, "this path takes sealed control requests only: shake hands first");
    }

    // The number is taken only once the proof is right: otherwise a stranger could use numbers up.
    private static Refusal? CheckHead(ControlServer server, ControlSession session, RequestHead head, byte[] proof) =>
        !session.IsProof(head.ToBytes(), proof)
            ? new Refusal(ControlRefusal.Altered, "the request's method, path, number or length is not what was sealed")
        : !server.TryTake(session, head.Number)
            ? new Refusal(ControlRefusal.Repeated, "a request with this number was here already")
        : head.BodyBytes - BodySeal.TagBytes > server.MaxBodyBytes
            ? new Refusal(
                ControlRefusal.TooLarge, $"the body has {head.BodyBytes - BodySeal.TagBytes} bytes; this board takes at most {server.MaxBodyBytes}")
        : null;

    /// <summary>Reads and opens the body and puts it where handlers look for it; null where it was altered.</summary>
    private static async Task<ReadOnlyMemory<byte>?> OpenAsync(HttpContext context, ControlServer server, ControlSession session, RequestHead head)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = (long)server.MaxBodyBytes + BodySeal.TagBytes;
        }

        byte[] body = new byte[head.BodyBytes];
        await context.Request.Body.ReadExactlyAsync(body, context.RequestAborted);
        if (!session.ToServer.TryOpen(head.Number, body, head.ToBytes()))
        {
            return null;
        }

        int length = body.Length - BodySeal.TagBytes;
        context.Request.Body = new MemoryStream(body, 0, length, writable: false);
        context.Request.ContentLength = length;
        context.Features.Set<IHttpRequestBodyDetectionFeature>(new BodyDetection(length > 0));
        return body.AsMemory(0, length);
    }

    private static async Task AnswerAsync(
        HttpContext context, ControlServer server, ControlSession session, ulong number, RequestDelegate handler)
    {
        IHttpResponseBodyFeature wire = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using MemoryStream answer = new();
        StreamResponseBodyFeature plain = new(answer);
        context.Features.Set<IHttpResponseBodyFeature>(plain);
        try
        {
            await handler(context);
            await plain.CompleteAsync();
            if (answer.Length > server.MaxBodyBytes)
            {
                throw new InvalidOperationException($"The answer has {answer.Length} bytes; at most {server.MaxBodyBytes} may be sent.");
            }
        }
        catch (Exception fault) when (!context.RequestAborted.IsCancellationRequested)
        {
            Report(context, fault, answer);
        }
        finally
        {
            context.Features.Set(wire);
        }

        await WriteSealedAsync(context, session, number, answer);
    }

    private static async Task WriteSealedAsync(HttpContext context, ControlSession session, ulong number, MemoryStream answer)
    {
        HttpResponse response = context.Response;
        response.StatusCode = response.StatusCode is < 200 or 204 or 205 or 304 ? 200 : response.StatusCode;
        answer.Seek(0, SeekOrigin.End);
        answer.Write(new byte[BodySeal.TagBytes]);
        Memory<byte> body = answer.GetBuffer().AsMemory(0, (int)answer.Length);
        session.ToClient.Seal(number, body.Span, new ReplyHead(session.Id, number, response.StatusCode).ToBytes());
        response.Headers[ControlProtocol.NumberHeader] = number.ToString(CultureInfo.InvariantCulture);
        response.ContentType = ControlProtocol.Bytes;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static void Report(HttpContext context, Exception fault, MemoryStream answer)
    {
        ControlCaller caller = context.ControlCaller();
        if (context.RequestServices.GetService<ILoggerFactory>() is { } loggers)
        {
            ControlLog.Failed(loggers.CreateLogger<ControlServer>(), fault, context.Request.Method, context.Request.Path, caller.Name);
        }

        context.Response.Headers.Clear();
        context.Response.StatusCode = fault switch
        {
            BadHttpRequestException bad => bad.StatusCode,
            InvalidDataException or JsonException => StatusCodes.Status400BadRequest,
            _ => StatusCodes.Status500InternalServerError,
        };
        answer.SetLength(0);
        answer.Write(JsonSerializer.SerializeToUtf8Bytes(new ControlError(fault.Message), ControlJson.Default.ControlError));
    }

    private sealed record BodyDetection(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;
}
