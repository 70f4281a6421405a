using System.Net;
using Halo.Boards;
using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Boards.Remote;
using Halo.Boards.Weights;
using Halo.Fabric.Liveness;
using Halo.Fabric.Streams.Sessions;
using Halo.Planning.Profiles;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Hosting;

/// <summary>A board in a process of its own, from its start until it is asked to stop.</summary>
internal static class BoardProcess
{
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(10);

    /// <summary>Runs the board.</summary>
    /// <param name="options">How.</param>
    /// <param name="output">Where it says, in one line, that it is there.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ClusterKeyException">The key file cannot be used.</exception>
    /// <exception cref="TlsFileException">A file with certificates or a key cannot be used; the message says which and why.</exception>
    /// <exception cref="IOException">A port is taken, or the cache folder cannot be used; the message says which.</exception>
    internal static async Task RunAsync(BoardProcessOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        if (options.UdpPort == options.DataPort && options.DataPort != 0)
        {
            throw new IOException($"--udp-port {options.UdpPort} is the data port, where heartbeats come over UDP: choose another.");
        }

        ClusterKey key = ClusterKey.Read(options.KeyFile, out string? warning);
        string instance = ControlServer.NewInstanceId();
        ControlServer control = new(key, options.Name, instance, TimeProvider.System);
        using ServerCertificate? certificate = ReadCertificate(options);
        TlsTrust? trust = options.TlsTrust is { } trusted ? TlsTrust.Read(trusted) : null;
        await using WebApplication app = Build(options, certificate);
        ILogger log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Halo.Board");
        if (warning is not null)
        {
            BoardProcessLog.KeyFile(log, warning);
        }

        using StreamListener streams = Listen(options);
        await using HeartbeatResponder heartbeats = new(options.Address, options.DataPort);
        ModelSources sources = new(options.ModelFiles, options.CacheFolder, options.CacheBytes, log);
        await using BoardAgent agent = new(
            new BoardAgentOptions { Name = options.Name, Instance = instance, Threads = options.Threads, UdpPort = options.Datagrams, AdvertisedHost = options.AdvertisedHost },
            await Task.Run(() => new Board(Measure(options)), cancellationToken),
            sources, streams, heartbeats, TimeProvider.System, log);
        app.MapHaloBoard(control, agent);
        app.MapGet("/healthz", () => Results.Ok());
        await app.StartAsync(cancellationToken);

        int port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()
            .Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        await output.WriteLineAsync(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"Board {options.Name} listens: control {port}, data {streams.EndPoint.Port}, heartbeats {heartbeats.Port}. {Whither(options)}"));
        Task joining = options.Join is { } head
            ? new JoinLoop(
                head, key, options.Name, instance, new JoinRequest(port, options.AdvertisedHost, certificate is not null), trust, agent, log).RunAsync(cancellationToken)
            : Task.CompletedTask;
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await joining;
        await LeaveAsync(agent, heartbeats);
        await app.StopAsync(CancellationToken.None);
    }

    // The head process hears of it with the next heartbeat, lets what runs go on without this board, and lets it go. A head process that
    // has nobody else cannot, and is not waited for.
    private static async Task LeaveAsync(BoardAgent agent, HeartbeatResponder heartbeats)
    {
        heartbeats.IsLeaving = true;
        using CancellationTokenSource patience = new(s_farewell);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(20));
        while (agent.IsAttached && !patience.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private static string Whither(BoardProcessOptions options) =>
        options.Join is null ? "It waits for a head process (--board URL there, or --join here)." : $"It joins {options.Join}.";

    private static ServerCertificate? ReadCertificate(BoardProcessOptions options) => options switch
    {
        { TlsCertificate: { } path } => ServerCertificate.Read(path, options.TlsKey, DateTimeOffset.UtcNow),
        { TlsKey: not null } => throw new TlsFileException("--tls-key is for the certificate of --tls-certificate, which is not there: give both, or neither."),
        _ => null,
    };

    private static WebApplication Build(BoardProcessOptions options, ServerCertificate? certificate)
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
        return builder.Build();
    }

    private static StreamListener Listen(BoardProcessOptions options)
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

    private static BoardProfile Measure(BoardProcessOptions options) => new(
        options.Name,
        options.Speed is { } speed ? speed * BoardMeter.BytesPerSecondOfSpeed : BoardMeter.MeasureBytesPerSecond(options.Threads),
        options.MemoryBytes ?? BoardMeter.UsableMemoryBytes());

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
