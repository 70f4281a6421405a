using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Halo.Gateway.Contracts;

namespace Halo.Gateway.Endpoints;

/// <summary>
/// Reads a request's JSON body with bounds on its size, its time and on how many large ones are in memory at once, and answers every fault
/// in words of its own: the ones of the parser name types of the program, and quote the body.
/// </summary>
internal sealed class JsonBody : IDisposable
{
    // Nearly all requests are below this; only larger ones wait for one of few places, so that a flood of them costs
    // places * (16 MB body + 32 MB as UTF-16) and not requests * that.
    private const int SmallBytes = 64 * 1024;
    private const int LargeBodyCount = 4;

    private readonly SemaphoreSlim _largeBodies = new(LargeBodyCount);
    private readonly GatewayOptions _options;

    public JsonBody(GatewayOptions options) => _options = options;

    /// <summary>Reads and parses the body.</summary>
    /// <exception cref="ApiException">It is too large, too slow, no JSON, or has a field of another type.</exception>
    public async Task<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        // Also a guard: a web page may send text/plain to this machine without being asked, but no JSON.
        if (!context.Request.HasJsonContentType())
        {
            throw ApiException.Refused(
                StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "The body must be JSON, with the header Content-Type: application/json.");
        }

        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(_options.BodyDeadline);
        Bytes bytes = new();
        try
        {
            await FillAsync(bytes, context.Request.Body, deadline.Token);
            return Parse<T>(bytes.Written);
        }
        catch (BadHttpRequestException fault)
        {
            throw ApiException.Refused(fault.StatusCode, "invalid_body", "The body ended early or was framed wrongly.");
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw ApiException.Refused(
                StatusCodes.Status408RequestTimeout, "body_timeout", $"The body did not arrive within {_options.BodyDeadline.TotalSeconds:F0} seconds.");
        }
        finally
        {
            bytes.Return();
            if (bytes.HoldsPlace)
            {
                _largeBodies.Release();
            }
        }
    }

    public void Dispose() => _largeBodies.Dispose();

    private async Task FillAsync(Bytes bytes, Stream body, CancellationToken cancellationToken)
    {
        int read;
        while ((read = await body.ReadAsync(bytes.Free, cancellationToken)) > 0)
        {
            bytes.Count += read;
            if (bytes.Count > _options.MaxBodyBytes)
            {
                await DrainAsync(body, cancellationToken);
                throw ApiException.Refused(
                    StatusCodes.Status413PayloadTooLarge, "body_too_large", $"The body is larger than {_options.MaxBodyBytes} bytes, the most this service reads.");
            }

            if (bytes.Free.Length == 0)
            {
                if (!bytes.HoldsPlace)
                {
                    await _largeBodies.WaitAsync(cancellationToken);
                    bytes.HoldsPlace = true;
                }

                bytes.Grow();
            }
        }
    }

    // A client that sends all before it reads would only see a broken connection if the rest were left unread. The server's own limit
    // (GatewayOptions.MaxDrainedBytes) and the deadline bound this.
    private static async Task DrainAsync(Stream body, CancellationToken cancellationToken)
    {
        try
        {
            await body.CopyToAsync(Stream.Null, cancellationToken);
        }
        catch (BadHttpRequestException)
        {
            // Larger even than that: the answer is the same.
        }
    }

    private static T Parse<T>(ReadOnlySpan<byte> json)
        where T : class
    {
        if (json.IsEmpty)
        {
            throw ApiException.Invalid(null, "The body is empty; it must be a JSON object.", "invalid_json");
        }

        if (!Utf8.IsValid(json))
        {
            throw ApiException.Invalid(null, "The body is not valid UTF-8.", "invalid_json");
        }

        try
        {
            return JsonSerializer.Deserialize(json, GatewayJson.Of<T>()) ?? throw ApiException.Invalid(null, "The body is null; it must be a JSON object.", "invalid_json");
        }
        catch (JsonException fault) when (fault.InnerException is JsonException || fault.Path is null)
        {
            // The parser's own exceptions come as inner ones; those that a field's type caused do not.
            throw ApiException.Invalid(null, $"The body is not valid JSON (line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}).", "invalid_json");
        }
        catch (JsonException fault)
        {
            string field = FieldOf(fault.Path!);
            throw field.Length == 0
                ? ApiException.Invalid(null, "The body must be a JSON object.", "invalid_json")
                : ApiException.Invalid(field, $"{field} must be {FieldTypes.Of(field)}.", "invalid_type");
        }
    }

    // "$.stop[2]" is about "stop".
    private static string FieldOf(string path)
    {
        string field = path.TrimStart('$').TrimStart('.');
        int index = field.IndexOf('[', StringComparison.Ordinal);
        return index < 0 ? field : field[..index];
    }

    // A rented array that grows with what was received, never with what was announced.
    private sealed class Bytes
    {
        private byte[] _array = ArrayPool<byte>.Shared.Rent(SmallBytes);

        public int Count { get; set; }

        public bool HoldsPlace { get; set; }

        public Memory<byte> Free => _array.AsMemory(Count);

        public ReadOnlySpan<byte> Written => _array.AsSpan(0, Count);

        public void Grow()
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(2 * _array.Length);
            Written.CopyTo(larger);
            Return();
            _array = larger;
        }

        public void Return() => ArrayPool<byte>.Shared.Return(_array);
    }
}
