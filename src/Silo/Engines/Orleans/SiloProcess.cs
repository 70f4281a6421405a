using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Silo.Clustering;
using Halo.Silo.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Engines;

/// <summary>
/// A board's process as a silo of a cluster, from its start until it is asked to stop. Where the other silos took it for dead meanwhile, as after a
/// long pause, it gives up what it held and joins again as a new silo.
/// </summary>
internal sealed class SiloProcess(SiloProcessOptions options, TextWriter output)
{
    /// <summary>Runs it.</summary>
    /// <exception cref="MembershipStoreException">The membership store cannot be used.</exception>
    /// <exception cref="ClusterKeyException">The key file cannot be used.</exception>
    /// <exception cref="TlsFileException">A file with certificates or a key cannot be used; the message says which and why.</exception>
    /// <exception cref="IOException">A port is taken, a name is, or the cache folder cannot be used; the message says which.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        ProcessParts.CheckPorts(options.Board);
        using ILoggerFactory logging = LoggerFactory.Create(Configure);
        ILogger log = logging.CreateLogger("Halo.Silo");
        ClusterKey key = ClusterKey.Read(options.Board.KeyFile, out string? warning);
        if (warning is not null)
        {
            BoardProcessLog.KeyFile(log, warning);
        }

        SiloSetup setup = new()
        {
            Options = await WithPortsAsync(options, cancellationToken),
            Store = MembershipStore.Parse(options.Cluster),
            Key = key,
            Certificate = ProcessParts.ReadCertificate(options.Board),
            Trust = options.Board.TlsTrust is { } trusted ? TlsTrust.Read(trusted) : null,
            Profile = await Task.Run(() => ProcessParts.Measure(options.Board), cancellationToken),
            Logging = logging,
        };
        using ServerCertificate? certificate = setup.Certificate;
        await setup.Store.InitializeAsync(cancellationToken);
        while (true)
        {
            await using SiloLife life = await SiloLife.StartAsync(setup, cancellationToken);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"Board {options.Board.Name} is in cluster {options.ClusterId} ({setup.Store.Description}): silo {life.Silo}, control {life.Control}, data {life.DataPort}."));
            if (await life.EndAsync(cancellationToken) is not { } reason)
            {
                return;
            }

            EngineLog.Evicted(log, options.Board.Name, reason);
        }
    }

    // Orleans tells of every silo that does not answer, with stack traces; what people must know is told by this process itself.
    private static void Configure(ILoggingBuilder logging) => logging
        .AddConfiguration(new ConfigurationBuilder().AddEnvironmentVariables().Build().GetSection("Logging"))
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("Orleans", LogLevel.Critical)
        .AddSimpleConsole();

    // Others are told the ports before anything listens on them, so they are chosen first.
    private static async Task<SiloProcessOptions> WithPortsAsync(SiloProcessOptions options, CancellationToken cancellationToken)
    {
        IPAddress address = await AdvertisedAsync(options.Board, cancellationToken);
        return options with
        {
            SiloPort = options.SiloPort == 0 ? FreePort(address) : options.SiloPort,
            GatewayPort = options.GatewayPort == 0 ? FreePort(address) : options.GatewayPort,
            Board = options.Board with
            {
                ControlPort = options.Board.ControlPort == 0 ? FreePort(address) : options.Board.ControlPort,
                AdvertisedHost = address.ToString(),
            },
        };
    }

    private static async Task<IPAddress> AdvertisedAsync(BoardProcessOptions board, CancellationToken cancellationToken)
    {
        if (board.AdvertisedHost is { } host)
        {
            IPAddress[] found = await Dns.GetHostAddressesAsync(host, cancellationToken);
            return found.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? found[0];
        }

        if (!board.Address.Equals(IPAddress.Any) && !board.Address.Equals(IPAddress.IPv6Any))
        {
            return board.Address;
        }

        return NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork)
            ?? throw new IOException("This machine has no address that other boards could reach: give one with --advertise, or --listen 127.0.0.1 for boards of this machine only.");
    }

    private static int FreePort(IPAddress address)
    {
        using TcpListener listener = new(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
