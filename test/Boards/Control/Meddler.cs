using System.Text;
using System.Text.Json.Nodes;
using Halo.Boards.Control;

namespace Halo.Boards.Tests.Control;

/// <summary>A message of either direction as someone on the way sees it.</summary>
internal sealed record Seen(string Method, Uri Target, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body)
{
    internal HttpRequestMessage ToRequest()
    {
        HttpRequestMessage request = new(new HttpMethod(Method), Target) { Content = new ByteArrayContent(Body) };
        foreach ((string name, string value) in Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }
}

/// <summary>Someone on the way who reads along and may change what passes.</summary>
internal sealed class Meddler : DelegatingHandler
{
    internal List<Seen> Recorded { get; } = [];

    /// <summary>Changes a request before it goes out; the path tells which it is.</summary>
    internal Action<HttpRequestMessage>? OnRequest { get; set; }

    /// <summary>Changes an answer before it comes in.</summary>
    internal Action<HttpResponseMessage>? OnResponse { get; set; }

    /// <summary>Awaited before a request goes out.</summary>
    internal Func<HttpRequestMessage, Task>? Hold { get; set; }

    internal ControlClientOptions Options => new()
    {
        Wrap = handler =>
        {
            InnerHandler = handler;
            return this;
        },
    };

    /// <summary>Sends what was seen once more, without the client's knowledge.</summary>
    internal Task<HttpResponseMessage> ReplayAsync(Seen seen) => base.SendAsync(seen.ToRequest(), CancellationToken.None);

    /// <summary>Changes one bit of a body.</summary>
    internal static HttpContent Flip(HttpContent content, int at)
    {
        byte[] bytes = Read(content);
        bytes[at < 0 ? bytes.Length + at : at] ^= 1;
        return Replace(content, bytes);
    }

    internal static HttpContent Cut(HttpContent content, int bytes) => Replace(content, Read(content)[..^bytes]);

    /// <summary>Changes one field of a message in JSON: text gets another last letter, bytes another bit, numbers grow, lists turn round.</summary>
    internal static HttpContent Change(HttpContent content, string field)
    {
        JsonObject message = JsonNode.Parse(Read(content))!.AsObject();
        message[field] = message[field] switch
        {
            JsonArray list => new JsonArray([.. list.Reverse().Select(node => node!.DeepClone())]),
            JsonValue value when value.TryGetValue(out int number) => number + 1,
            JsonValue value when field is "nonce" or "mac" or "publicKey" => FlipFirst(Convert.FromBase64String(value.GetValue<string>())),
            JsonValue value => value.GetValue<string>()[..^1] + "x",
            _ => throw new ArgumentException($"The message has no field {field}.", nameof(field)),
        };
        return Replace(content, Encoding.UTF8.GetBytes(message.ToJsonString()));
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        IEnumerable<KeyValuePair<string, string>> headers = request.Headers.Concat(request.Content!.Headers)
            .Select(header => KeyValuePair.Create(header.Key, string.Join(",", header.Value)));
        Seen seen = new(request.Method.Method, request.RequestUri!, [.. headers], Read(request.Content));
        lock (Recorded)
        {
            Recorded.Add(seen);
        }

        if (Hold is not null)
        {
            await Hold(request);
        }

        OnRequest?.Invoke(request);
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        OnResponse?.Invoke(response);
        return response;
    }

    private static string FlipFirst(byte[] bytes)
    {
        bytes[0] ^= 1;
        return Convert.ToBase64String(bytes);
    }

    private static byte[] Read(HttpContent content)
    {
        using MemoryStream bytes = new();
        content.CopyTo(bytes, null, CancellationToken.None);
        return bytes.ToArray();
    }

    private static ByteArrayContent Replace(HttpContent content, byte[] bytes)
    {
        ByteArrayContent replaced = new(bytes);
        replaced.Headers.ContentType = content.Headers.ContentType;
        return replaced;
    }
}
