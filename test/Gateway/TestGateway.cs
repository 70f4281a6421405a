using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Halo.Gateway.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Halo.Gateway;

/// <summary>A gateway on a port of its own, as a client sees it over HTTP.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly LogLines _log;

    private TestGateway(WebApplication app, LogLines log)
    {
        _app = app;
        _log = log;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    /// <summary>What was logged so far as a warning or worse.</summary>
    public IReadOnlyCollection<string> Warnings => _log.Warnings;

    /// <summary>The model, once it is ready.</summary>
    public ServedModel Model => _app.Services.GetRequiredService<ServedModels>().Ready.Single();

    /// <summary>Starts a gateway; with a fake cluster where one is given.</summary>
    public static Task<TestGateway> StartAsync(ClusterStarter? cluster, params string[] args) => StartAsync(cluster, null, args);

    /// <summary>Starts a gateway that knows of no model but those which the cluster has.</summary>
    public static Task<TestGateway> StartWithoutModelsAsync(ClusterStarter cluster, params string[] args) =>
        StartAsync(cluster, services => services.Replace(ServiceDescriptor.Singleton(new ServedModels([], TimeProvider.System))), args);

    private static async Task<TestGateway> StartAsync(ClusterStarter? cluster, Action<IServiceCollection>? change, string[] args)
    {
        LogLines log = new();
        WebApplication app = Program.Build(["--urls", "http://127.0.0.1:0", .. args], services =>
        {
            services.Replace(ServiceDescriptor.Singleton(TextWriter.Null));
            services.AddSingleton<ILoggerProvider>(log);
            if (cluster is not null)
            {
                services.Replace(ServiceDescriptor.Singleton(cluster));
            }

            change?.Invoke(services);
        });
        await app.StartAsync();
        return new TestGateway(app, log);
    }

    public Task WaitUntilReadyAsync() => Until.TrueAsync("/readyz answers 200", async () =>
        (await Client.GetAsync(new Uri("/readyz", UriKind.Relative))).StatusCode == HttpStatusCode.OK);

    /// <summary>Gets a path.</summary>
    public async Task<Answer> GetAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return await Answer.OfAsync(response);
    }

    /// <summary>Sends a completion request and returns status and body.</summary>
    public Task<Answer> PostAsync(string json) => PostAsync(Encoding.UTF8.GetBytes(json), "application/json");

    public async Task<Answer> PostAsync(byte[] body, string? contentType)
    {
        using ByteArrayContent content = new(body);
        content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        using HttpResponseMessage response = await Client.PostAsync(new Uri("/v1/completions", UriKind.Relative), content);
        return await Answer.OfAsync(response);
    }

    /// <summary>Sends a completion request that must succeed.</summary>
    public async Task<JsonElement> CompleteAsync(object request)
    {
        Answer answer = await PostAsync(JsonSerializer.Serialize(request));
        Assert.True(answer.Status == HttpStatusCode.OK, $"{answer.Status}: {answer.Text}");
        return answer.Json;
    }

    /// <summary>Sends a completion request and returns the payloads of the events that come, comments left out.</summary>
    public async Task<List<string>> StreamAsync(object request)
    {
        using HttpResponseMessage response = await OpenStreamAsync(request, CancellationToken.None);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        string text = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != ':').Select(line =>
        {
            Assert.StartsWith("data: ", line, StringComparison.Ordinal);
            return line["data: ".Length..];
        })];
    }

    /// <summary>Sends a completion request and returns when the response has begun.</summary>
    public async Task<HttpResponseMessage> OpenStreamAsync(object request, CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = new(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent(JsonSerializer.Serialize(request), Encoding.UTF8, "application/json"),
        };
        return await Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
