using System.Buffers;
using System.Text.Json;
using Halo.Gateway.Contracts;
using Microsoft.AspNetCore.Http.Features;

namespace Halo.Gateway.Streaming;

/// <summary>
/// A response as server-sent events: <c>data: {...}</c> and an empty line for each, sent at once; <c>data: [DONE]</c> is the last. The
/// response begins with the first event, so that a fault before it can still have a status of its own.
/// </summary>
internal sealed class ServerSentEvents : IDisposable
{
    private readonly HttpContext _context;
    private readonly Utf8JsonWriter _json;
    private bool _started;

    public ServerSentEvents(HttpContext context)
    {
        _context = context;
        _json = new Utf8JsonWriter(context.Response.BodyWriter, new JsonWriterOptions { Encoder = GatewayJson.Encoder });
    }

    /// <summary>Sends one event.</summary>
    public async Task SendAsync<T>(T value)
    {
        Start();
        _context.Response.BodyWriter.Write("data: "u8);
        JsonSerializer.Serialize(_json, value, GatewayJson.Of<T>());
        _json.Flush();
        _json.Reset();
        _context.Response.BodyWriter.Write("\n\n"u8);
        await _context.Response.BodyWriter.FlushAsync(_context.RequestAborted);
    }

    /// <summary>Sends the event that ends a stream without fault.</summary>
    public Task SendDoneAsync() => SendRawAsync("data: [DONE]\n\n"u8.ToArray());

    /// <summary>Sends what clients skip, so that nobody between takes the stream for dead.</summary>
    public Task SendCommentAsync() => SendRawAsync(": working\n\n"u8.ToArray());

    public void Dispose() => _json.Dispose();

    private async Task SendRawAsync(byte[] line)
    {
        Start();
        await _context.Response.BodyWriter.WriteAsync(line, _context.RequestAborted);
    }

    private void Start()
    {
        if (!_started)
        {
            _started = true;
            _context.Response.ContentType = "text/event-stream";
            _context.Response.Headers.CacheControl = "no-cache";
            // Asks nginx, and proxies that follow it, to pass each event on as it comes.
            _context.Response.Headers["X-Accel-Buffering"] = "no";
            _context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        }
    }
}
