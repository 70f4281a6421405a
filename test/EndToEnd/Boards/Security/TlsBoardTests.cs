using System.Net;
using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Boards.Remote;
using Halo.Silo;
using Halo.Silo.Membership;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>Boards whose control endpoint speaks TLS, with certificates that sign themselves.</summary>
[Collection(BoardTests.Name)]
public sealed class TlsBoardTests
{
    private const string Folder = "stories260K";
    private const string File32 = "stories260K-F32.gguf";
    private const string ModelFile = $"models/{Folder}/{File32}";

    [SharedFact(ModelFile)]
    public async Task Connect_BoardsCertificateIsTrusted_ServesAndElseSaysWhyNot()
    {
        using ClusterFolder folder = new();
        using MadeCertificate own = MadeCertificate.For("127.0.0.1");
        string trusted = folder.Write("trusted.pem", own.Pem);
        await using BoardProgram board = await BoardProgram.StartAsync(
            folder, "b2", more: ["--tls-certificate", trusted, "--tls-key", folder.Write("own.key", own.KeyPem)]);
        HaloClusterOptions options = Heads.Options(folder, [board]);
        options.Models[Folder] = TestPaths.Shared(ModelFile);

        Assert.Contains("write its address with https://", await TroubleAsync(options), StringComparison.Ordinal);
        options.BoardUrls = [$"https://127.0.0.1:{board.ControlPort}"];
        Assert.Contains("this machine trusts nobody who signed its certificate", await TroubleAsync(options), StringComparison.Ordinal);
        options.TlsTrustFile = trusted;
        await using HaloCluster cluster = await Heads.StartAsync(options);
        Assert.Equal(Heads.ReferenceText(Folder, File32), await cluster.TextAsync(Folder, 200));
        Assert.Equal(["b1", "b2"], (await cluster.Grains.GetGrain<Grains.IModelGrain>(Folder).GetPlanAsync()).ToPlan().Boards);
    }

    [Fact]
    public async Task Join_BothEndsSpeakTls_TakesTheBoardIn()
    {
        using ClusterFolder folder = new();
        using MadeCertificate own = MadeCertificate.For("127.0.0.1");
        string file = folder.Write("own.pem", own.Pem + own.KeyPem);
        HaloClusterOptions options = Heads.Options(folder, []);
        options.TlsTrustFile = file;
        HeadIdentity identity = HeadIdentity.Of(options, out _)!;
        await using HaloCluster cluster = await HaloCluster.StartAsync(options, identity: identity);
        await using WebApplication head = await ServeAsync(cluster, identity, own);
        string url = head.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await using BoardProgram board = await BoardProgram.StartAsync(folder, "b2", more: ["--join", url, "--tls-trust", file, "--tls-certificate", file]);

        await Eventually.True(() => Task.FromResult(cluster.BoardViews.Count(view => view.State == BoardState.Alive) == 2), "the board to join");
        Assert.Equal($"https://127.0.0.1:{board.ControlPort}/", cluster.BoardViews[1].Address!.ToString());
    }

    [Fact]
    public async Task Start_CertificateHasExpired_SaysSo()
    {
        using ClusterFolder folder = new();
        using MadeCertificate own = MadeCertificate.For("b2", DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(-1));
        string file = folder.Write("own.pem", own.Pem + own.KeyPem);
        await using BuiltProgram program = BuiltProgram.Start("Halo.Silo", "halo-silo", "--key-file", folder.KeyFile, "--tls-certificate", file);

        Assert.Equal(1, await program.ExitAsync());

        Assert.StartsWith($"halo-silo: The certificate in {file} has expired on ", program.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_TrustedFileIsMissing_SaysSo()
    {
        using ClusterFolder folder = new();
        HaloClusterOptions options = Heads.Options(folder, []);
        options.TlsTrustFile = "missing.pem";

        TlsFileException fault = await Assert.ThrowsAsync<TlsFileException>(() => HaloCluster.StartAsync(options));

        Assert.StartsWith("There is no file missing.pem", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<string?> TroubleAsync(HaloClusterOptions options)
    {
        await using HaloCluster cluster = await HaloCluster.StartAsync(options);
        return Assert.Single(await cluster.ConnectAsync()).Trouble;
    }

    private static async Task<WebApplication> ServeAsync(HaloCluster cluster, HeadIdentity identity, MadeCertificate certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate.Certificate)));
        WebApplication app = builder.Build();
        app.MapHaloJoin(new ControlServer(identity.Key, identity.Name, identity.Instance, TimeProvider.System), cluster.JoinAsync);
        await app.StartAsync();
        return app;
    }
}
