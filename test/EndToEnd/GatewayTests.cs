using System.ClientModel;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using OpenAI;

namespace Halo.EndToEnd.Tests;

/// <summary>The README's first command, as a process, with real clients.</summary>
public sealed partial class GatewayTests
{
    private const string Beginning = ", there was a little girl named Lily";

    [Fact]
    public async Task Gateway_Started_AnswersPlainStreamedAndDisconnectedClients()
    {
        string url = $"http://127.0.0.1:{FreePort()}";
        await using BuiltProgram gateway = BuiltProgram.Start("Halo.Gateway", "Halo.Gateway", "--urls", url);
        using HttpClient client = new() { BaseAddress = new Uri(url) };
        await gateway.UntilAsync(() => IsReadyAsync(client), "the gateway to be ready");

        string plain = await CompleteAsync(client);
        Assert.StartsWith(Beginning, plain, StringComparison.Ordinal);
        Assert.Equal(plain, await StreamAsync(client));
        await DisconnectAsync(client);
        Assert.Equal(plain, await CompleteAsync(client));
        Assert.Equal(plain, await CompleteWithOpenAIClientAsync(url));

        await gateway.UntilAsync(() => Task.FromResult(gateway.Output.Contains("curl", StringComparison.Ordinal)), "the curl line");
        Assert.Contains($"{url}/v1/completions", gateway.Output, StringComparison.Ordinal);
        gateway.Terminate();
        Assert.Equal(0, await gateway.ExitAsync());
    }

    [Fact]
    public async Task Gateway_PortInUse_SaysSoAndExits()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using BuiltProgram gateway = BuiltProgram.Start("Halo.Gateway", "Halo.Gateway", "--urls", $"http://127.0.0.1:{port}");
        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Contains($"{port}", gateway.Errors + gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", gateway.Errors, StringComparison.Ordinal);
    }

    private static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            return (await client.GetAsync("/readyz")).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static HttpRequestMessage Request(bool stream, int maxTokens = 40) => new(HttpMethod.Post, "/v1/completions")
    {
        Content = JsonContent.Create(new { model = "halo-tales", prompt = "Once upon a time", max_tokens = maxTokens, temperature = 0, stream }),
    };

    private static async Task<string> CompleteAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.SendAsync(Request(stream: false));
        response.EnsureSuccessStatusCode();
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.GetProperty("choices")[0].GetProperty("text").GetString()!;
    }

    private static async Task<string> StreamAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.SendAsync(Request(stream: true), HttpCompletionOption.ResponseHeadersRead);
        string events = await response.Content.ReadAsStringAsync();
        Assert.Contains("data: [DONE]", events, StringComparison.Ordinal);
        return string.Concat(EventData().Matches(events).Select(match => match.Groups[1].Value).Where(data => data != "[DONE]").Select(data =>
        {
            using JsonDocument document = JsonDocument.Parse(data);
            return document.RootElement.GetProperty("choices") is { } choices && choices.GetArrayLength() > 0
                ? choices[0].GetProperty("text").GetString()
                : "";
        }));
    }

    private static async Task DisconnectAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.SendAsync(Request(stream: true, maxTokens: 400), HttpCompletionOption.ResponseHeadersRead);
        using Stream body = await response.Content.ReadAsStreamAsync();
        Assert.True(await body.ReadAsync(new byte[16]) > 0);
    }

    private static async Task<string> CompleteWithOpenAIClientAsync(string url)
    {
        // The SDK has no class for legacy completions left; its pipeline, authentication and error handling are what is tried here.
        OpenAIClient client = new(new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = new Uri($"{url}/v1") });
        using System.ClientModel.Primitives.PipelineMessage message = client.Pipeline.CreateMessage();
        message.Request.Method = "POST";
        message.Request.Uri = new Uri($"{url}/v1/completions");
        message.Request.Headers.Set("Content-Type", "application/json");
        message.Request.Content = BinaryContent.Create(BinaryData.FromObjectAsJson(
            new { model = "halo-tales", prompt = "Once upon a time", max_tokens = 40, temperature = 0 }));
        await client.Pipeline.SendAsync(message);
        using JsonDocument document = JsonDocument.Parse(message.Response!.Content);
        OpenAI.Models.OpenAIModelCollection models = (await client.GetOpenAIModelClient().GetModelsAsync()).Value;
        Assert.Contains(models, model => model.Id == "halo-tales");
        return document.RootElement.GetProperty("choices")[0].GetProperty("text").GetString()!;
    }

    [GeneratedRegex("^data: (.*)$", RegexOptions.Multiline)]
    private static partial Regex EventData();
}
