using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Halo.Lab.Net;
using OpenAI;
using OpenAI.Models;

namespace Halo.EndToEnd.Tests;

/// <summary>Starts a gateway; see <see cref="GatewayProgram.StartAsync"/>.</summary>
internal delegate Task<GatewayProgram> GatewayStarter(string? url, params string[] arguments);

/// <summary>The gateway as a process of its own, and what clients do with it.</summary>
internal sealed class GatewayProgram : IAsyncDisposable
{
    private const string Prompt = "Once upon a time";

    private GatewayProgram(BuiltProgram program, string url, HttpMessageHandler? handler = null)
    {
        Program = program;
        Url = url;
        Client = new HttpClient(handler ?? new SocketsHttpHandler()) { BaseAddress = new Uri(url) };
    }

    internal BuiltProgram Program { get; }

    internal string Url { get; }

    internal HttpClient Client { get; }

    /// <summary>Starts the gateway at an address of its own, or at <paramref name="url"/>, and waits until it is ready.</summary>
    internal static async Task<GatewayProgram> StartAsync(string? url = null, params string[] arguments)
    {
        url ??= $"http://127.0.0.1:{FreePort()}";
        return await ReadyAsync(new GatewayProgram(BuiltProgram.Start("Halo.Gateway", "Halo.Gateway", ["--urls", url, .. arguments]), url));
    }

    /// <summary>Starts the gateway in a board's namespace, and waits until it is ready; clients reach it from within.</summary>
    internal static Task<GatewayProgram> StartInAsync(NetworkNamespace board, params string[] arguments)
    {
        const string url = "http://127.0.0.1:8080";
        SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (context, cancellation) =>
            {
                Socket socket = board.Run(() => new Socket(SocketType.Stream, ProtocolType.Tcp));
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return ReadyAsync(new GatewayProgram(BuiltProgram.StartWith(board.Start, "Halo.Gateway", "Halo.Gateway", ["--urls", url, .. arguments]), url, handler));
    }

    /// <summary>A port that nobody listens on.</summary>
    internal static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>A greedy completion in one piece.</summary>
    internal async Task<string> CompleteAsync(int maxTokens = 40)
    {
        (bool succeeded, string body) = await AskAsync(maxTokens);
        Assert.True(succeeded, body);
        return TextOf(body);
    }

    /// <summary>Asks for a greedy completion in one piece; the answer may be an error.</summary>
    internal async Task<(bool Succeeded, string Body)> AskAsync(int maxTokens = 40, CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await Client.SendAsync(Request(stream: false, maxTokens), cancellationToken);
        return (response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>A greedy completion as a stream; the data of its events, one after the other.</summary>
    internal async IAsyncEnumerable<string> StreamAsync(int maxTokens = 40)
    {
        using HttpResponseMessage response = await Client.SendAsync(Request(stream: true, maxTokens), HttpCompletionOption.ResponseHeadersRead);
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync());
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return line["data: ".Length..];
            }
        }
    }

    /// <summary>The text of a streamed completion, which must have come to its end.</summary>
    internal async Task<string> StreamedTextAsync(int maxTokens = 40)
    {
        List<string> events = [];
        await foreach (string data in StreamAsync(maxTokens))
        {
            events.Add(data);
        }

        Assert.Equal("[DONE]", events[^1]);
        return string.Concat(events.SkipLast(1).Select(TextOf));
    }

    /// <summary>Leaves a stream after its first bytes.</summary>
    internal async Task DisconnectAsync()
    {
        using HttpResponseMessage response = await Client.SendAsync(Request(stream: true, maxTokens: 400), HttpCompletionOption.ResponseHeadersRead);
        using Stream body = await response.Content.ReadAsStreamAsync();
        Assert.True(await body.ReadAsync(new byte[16]) > 0);
    }

    /// <summary>The same completion through OpenAI's own client.</summary>
    internal async Task<string> CompleteWithOpenAIClientAsync()
    {
        // The SDK has no class for legacy completions left; its pipeline, authentication and error handling are what is tried here.
        OpenAIClient client = new(new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = new Uri($"{Url}/v1") });
        using PipelineMessage message = client.Pipeline.CreateMessage();
        message.Request.Method = "POST";
        message.Request.Uri = new Uri($"{Url}/v1/completions");
        message.Request.Headers.Set("Content-Type", "application/json");
        message.Request.Content = BinaryContent.Create(BinaryData.FromObjectAsJson(
            new { model = "halo-tales", prompt = Prompt, max_tokens = 40, temperature = 0 }));
        await client.Pipeline.SendAsync(message);
        OpenAIModelCollection models = (await client.GetOpenAIModelClient().GetModelsAsync()).Value;
        Assert.Contains(models, model => model.Id == "halo-tales");
        return TextOf(message.Response!.Content.ToString());
    }

    /// <summary>The boards as operators see them, by name.</summary>
    internal async Task<IReadOnlyDictionary<string, JsonElement>> BoardsAsync()
    {
        using JsonDocument document = JsonDocument.Parse(await Client.GetStringAsync(new Uri("/v1/boards", UriKind.Relative)));
        return document.RootElement.GetProperty("data").EnumerateArray().Where(board => board.GetProperty("name").GetString()!.Length > 0)
            .ToDictionary(board => board.GetProperty("name").GetString()!, board => board.Clone());
    }

    /// <summary>Waits until boards are in service and hold shards.</summary>
    internal Task AllHoldShardsAsync(params string[] names) => Program.UntilAsync(
        async () =>
        {
            IReadOnlyDictionary<string, JsonElement> boards = await BoardsAsync();
            return names.All(name => boards.TryGetValue(name, out JsonElement board)
                && board.GetProperty("state").GetString() == "alive"
                && board.GetProperty("models") is { ValueKind: JsonValueKind.Array } models
                && models.EnumerateArray().Any(model => model.GetProperty("shards").GetInt32() > 0));
        },
        $"{string.Join(", ", names)} to hold shards");

    public ValueTask DisposeAsync()
    {
        Client.Dispose();
        return Program.DisposeAsync();
    }

    private static HttpRequestMessage Request(bool stream, int maxTokens) => new(HttpMethod.Post, "/v1/completions")
    {
        Content = JsonContent.Create(new { model = "halo-tales", prompt = Prompt, max_tokens = maxTokens, temperature = 0, stream }),
    };

    internal static string TextOf(string completion)
    {
        using JsonDocument document = JsonDocument.Parse(completion);
        return document.RootElement.GetProperty("choices") is { } choices && choices.GetArrayLength() > 0 ? choices[0].GetProperty("text").GetString()! : "";
    }

    private static async Task<GatewayProgram> ReadyAsync(GatewayProgram gateway)
    {
        await gateway.Program.UntilAsync(gateway.IsReadyAsync, "the gateway to be ready");
        return gateway;
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            return (await Client.GetAsync(new Uri("/readyz", UriKind.Relative))).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
