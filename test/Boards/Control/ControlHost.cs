using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;
using Halo.Boards.Control;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Tests.Control;

/// <summary>A control server on a real port of the loopback, with a few handlers that count their runs.</summary>
internal sealed class ControlHost : IAsyncDisposable
{
    internal static readonly ClusterKey Key = ClusterKey.FromText("the key of the tests");

    private readonly WebApplication _app;
    private int _runs;

    private ControlHost(WebApplication app, ControlServer server)
    {
        _app = app;
        Server = server;
    }

    internal ControlServer Server { get; }

    internal Uri Address => new(_app.Urls.Single());

    /// <summary>How often a handler ran.</summary>
    internal int Runs => Volatile.Read(ref _runs);

    /// <summary>Ends when a handler of <c>/control/wait</c> may go on.</summary>
    internal TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal static Task<ControlHost> StartAsync(ControlServer? server = null, int port = 0) =>
        StartAsync(server ?? NewServer(), port, ControlLimits.DefaultMaxBodyBytes);

    internal static async Task<ControlHost> StartAsync(ControlServer server, int port, int kestrelMaxBody, X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, TestJson.Default));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            ControlLimits.Apply(kestrel, kestrelMaxBody);
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }
            });
        });
        WebApplication app = builder.Build();
        ControlHost host = new(app, server);
        app.MapHaloHandshake(server);
        host.Map(app.MapHaloControl(server));
        await app.StartAsync();
        return host;
    }

    internal static ControlServer NewServer(string name = "b2", TimeProvider? time = null, ClusterKey? key = null, int maxBodyBytes = 1 << 20) =>
        new(key ?? Key, name, ControlServer.NewInstanceId(), time ?? TimeProvider.System, maxBodyBytes);

    internal ControlClient Client(ControlClientOptions? options = null, ClusterKey? key = null, string name = "head", string instance = "head-1") =>
        new(Address, key ?? Key, name, instance, options);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private void Map(RouteGroupBuilder group)
    {
        group.AddEndpointFilter((context, next) =>
        {
            Interlocked.Increment(ref _runs);
            return next(context);
        });
        group.MapMethods("/echo", ["POST", "PUT", "GET"], (HttpContext context) => Results.Bytes(context.ControlCaller().Body.ToArray()));
        group.MapPost("/twin", () => "twin");
        group.MapGet("/who", (HttpContext context) => $"{context.ControlCaller().Name} {context.ControlCaller().InstanceId}");
        group.MapPost("/add", (Pair pair) => new Sum(pair.A + pair.B));
        group.MapPost("/stream", (HttpContext context) => EchoStreamAsync(context));
        group.MapPost("/fail", IResult (HttpContext _) => throw new InvalidOperationException("the board has no such shard"));
        group.MapPost("/bad", IResult (HttpContext _) => throw new InvalidDataException("the block is too short"));
        group.MapPost("/nothing", () => Results.NoContent());
        group.MapGet("/long", (int bytes) => Results.Bytes(new byte[bytes]));
        group.MapGet("/wait", async () =>
        {
            await Gate.Task;
            return "waited";
        });
    }

    private static async Task EchoStreamAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.BodyReader.CopyToAsync(body);
        await context.Response.StartAsync();
        await context.Response.BodyWriter.WriteAsync(body.ToArray());
    }
}

internal sealed record Pair(int A, int B);

internal sealed record Sum(int Value);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Pair))]
[JsonSerializable(typeof(Sum))]
[JsonSerializable(typeof(string))]
internal sealed partial class TestJson : JsonSerializerContext;
