using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Boards.Remote;
using Halo.Boards.Weights;
using Halo.Fabric.Liveness;
using Halo.Fabric.Streams.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
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
        ProcessParts.CheckPorts(options);
        ClusterKey key = ClusterKey.Read(options.KeyFile, out string? warning);
        string instance = ControlServer.NewInstanceId();
        ControlServer control = new(key, options.Name, instance, TimeProvider.System);
        using ServerCertificate? certificate = ProcessParts.ReadCertificate(options);
        TlsTrust? trust = options.TlsTrust is { } trusted ? TlsTrust.Read(trusted) : null;
        await using WebApplication app = ProcessParts.CreateBuilder(options, certificate).Build();
        ILogger log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Halo.Board");
        if (warning is not null)
        {
            BoardProcessLog.KeyFile(log, warning);
        }

        using StreamListener streams = ProcessParts.Listen(options);
        await using HeartbeatResponder heartbeats = new(options.Address, options.DataPort);
        ModelSources sources = new(options.ModelFiles, options.CacheFolder, options.CacheBytes, log, options.Weights);
        await using BoardAgent agent = new(
            new BoardAgentOptions { Name = options.Name, Instance = instance, Threads = options.Threads, UdpPort = options.Datagrams, AdvertisedHost = options.AdvertisedHost },
            await Task.Run(() => ProcessParts.MakeBoard(ProcessParts.Measure(options), options), cancellationToken),
            sources, streams, heartbeats, TimeProvider.System, log);
        app.MapHaloBoard(control, agent);
        app.MapGet("/healthz", () => Results.Ok());
        await app.StartAsync(cancellationToken);
        int port = ProcessParts.ControlPort(app);
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
}
