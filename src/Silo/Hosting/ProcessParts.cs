using System.Net;
using Halo.Boards;
using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Boards.Weights;
using Halo.Fabric.Streams.Sessions;
using Halo.Planning.Profiles;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Hosting;

/// <summary>What a process of a board is made of, whether it serves a head process or is a silo of a cluster.</summary>
internal static class ProcessParts
{
    /// <exception cref="IOException">Two things want one port.</exception>
    internal static void CheckPorts(BoardProcessOptions options)
    {
        if (options.UdpPort == options.DataPort && options.DataPort != 0)
        {
            throw new IOException($"--udp-port {options.UdpPort} is the data port, where heartbeats come over UDP: choose another.");
        }
    }

    /// <summary>The certificate of the control endpoint; null for none.</summary>
    /// <exception cref="TlsFileException">It cannot be used; the message says why.</exception>
    internal static ServerCertificate? ReadCertificate(BoardProcessOptions options) => options switch
    {
        { TlsCertificate: { } path } => ServerCertificate.Read(path, options.TlsKey, DateTimeOffset.UtcNow),
        { TlsKey: not null } => throw new TlsFileException("--tls-key is for the certificate of --tls-certificate, which is not there: give both, or neither."),
        _ => null,
    };

    /// <summary>A web application for the control endpoint.</summary>
    internal static WebApplicationBuilder CreateBuilder(BoardProcessOptions options, ServerCertificate? certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // signals come through the command line's token
        builder.WebHost.ConfigureKestrel(server =>
        {
            ControlLimits.Apply(server);
            server.Listen(options.Address, options.ControlPort, listen =>
            {
                if (certificate is not null)
                {
                    listen.Protocols = HttpProtocols.Http1; // as without TLS
                    listen.UseHttps(https => (https.ServerCertificate, https.ServerCertificateChain) = (certificate.Certificate, certificate.Chain));
                }
            });
        });
        return builder;
    }

    /// <summary>The port that a started application's control endpoint has.</summary>
    internal static int ControlPort(WebApplication app) => new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()
        .Replace("[::]", "localhost", StringComparison.Ordinal)).Port;

    /// <summary>Takes streams of other boards.</summary>
    /// <exception cref="IOException">The data port cannot be had.</exception>
    internal static StreamListener Listen(BoardProcessOptions options)
    {
        try
        {
            return new StreamListener(new IPEndPoint(options.Address, options.DataPort));
        }
        catch (System.Net.Sockets.SocketException fault)
        {
            throw new IOException($"The data port {options.DataPort} cannot be had: {fault.Message}. Choose another with --data-port, or 0 for any that is free.", fault);
        }
    }

    /// <summary>The board. With a bound on its memory, weights that do not fit it are streamed.</summary>
    /// <param name="profile">What it can do.</param>
    /// <param name="options">How its process runs.</param>
    internal static Board MakeBoard(BoardProfile profile, BoardProcessOptions options) =>
        new(profile, options.MemoryBytes is null ? null : new BoardStreaming(options.CacheFolder, options.CacheBytes, options.Streaming));

    /// <summary>What the board can do: measured, unless the options say.</summary>
    internal static BoardProfile Measure(BoardProcessOptions options) => new(
        options.Name,
        options.Speed is { } speed ? speed * BoardMeter.BytesPerSecondOfSpeed : BoardMeter.MeasureBytesPerSecond(options.Threads),
        options.MemoryBytes ?? BoardMeter.UsableMemoryBytes());

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
