using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Halo.Cli.Tests.Cluster;

/// <summary>A server on the loopback that answers <c>/v1/boards</c> with one text.</summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeGateway(WebApplication app) => _app = app;

    internal string Url => _app.Urls.Single();

    internal static async Task<FakeGateway> StartAsync(string answer, int status = 200)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.MapGet("/v1/boards", () => Results.Text(answer, "application/json", statusCode: status));
        await app.StartAsync();
        return new FakeGateway(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
