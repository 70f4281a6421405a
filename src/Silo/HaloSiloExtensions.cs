using Halo.Boards;
using Halo.Boards.Remote;
using Halo.Boards.Simulated;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Streams.Sessions;
using Halo.Grains.Layers;
using Halo.Grains.Models;
using Halo.Grains.Placement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;

namespace Halo.Silo;

/// <summary>Makes a silo one that carries a board.</summary>
public static class HaloSiloExtensions
{
    /// <summary>Adds what Halo's grains need on a board's silo, but for how boards are joined.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="facts">What it says of its board to the others.</param>
    /// <param name="board">The board that this silo stands for.</param>
    /// <param name="boards">All boards of the cluster, as this process reaches them.</param>
    /// <param name="host">The boards of this process.</param>
    /// <param name="models">The models whose files this process has.</param>
    /// <param name="plans">What the user asks of plans.</param>
    public static ISiloBuilder AddHaloGrains(
        this ISiloBuilder silo, BoardFacts facts, IBoard board, BoardDirectory boards, BoardHost host, ModelCatalog models, PlanOptions plans)
    {
        silo.Services.AddHaloExceptions();
        silo.UseSiloMetadata(facts.ToMetadata());
        silo.AddPlacementDirector<NeuronShardPlacement, NeuronShardPlacementDirector>();
        silo.AddPlacementDirector<BoardPlacement, BoardPlacementDirector>();
        silo.AddPlacementDirector<HeadBoardPlacement, HeadBoardPlacementDirector>();
        silo.Services.AddSingleton<PlanCatalog>();
        silo.Services.AddSingleton<BoardMap>();
        silo.Services.AddSingleton<SiloChanges>();
        silo.Services.AddSingleton(plans);

        // The process owns these and outlives its silos, so their containers must not dispose of them: instances are left alone.
        silo.Services.AddSingleton(board);
        silo.Services.AddSingleton(boards);
        silo.Services.AddSingleton(host);
        silo.Services.AddSingleton(models);
        return silo;
    }

    /// <summary>
    /// Lets Halo's exceptions cross grain calls with their type and message, although the rooms that throw them do not know the engine.
    /// Parts of their own stay behind, save where an exception is marked for crossing.
    /// </summary>
    /// <param name="services">A silo's, or a client's.</param>
    public static void AddHaloExceptions(this IServiceCollection services) =>
        services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add("Halo."));

    /// <summary>Joins boards of several processes.</summary>
    /// <param name="services">The silo's.</param>
    /// <param name="transport">How sums travel.</param>
    /// <param name="udpPort">This process's port for datagrams.</param>
    public static void AddNetworkSessions(this IServiceCollection services, SessionTransport transport, UdpPort udpPort) =>
        services.AddSingleton<IStepSessions>(provider => new NetworkSessions(
            provider.GetRequiredService<BoardHost>(), provider.GetRequiredService<BoardDirectory>(), transport, FrameCipherMeter.Fastest(),
            udpPort, provider.GetRequiredService<ILogger<NetworkSessions>>(), GrainCallTransportFactory.Over(provider.GetRequiredService<IGrainFactory>())));

    private static void AddSharedMemory(IServiceCollection services, HaloClusterOptions options)
    {
        if (options.Losses is { } losses)
        {
            services.AddSingleton<ITransportFactory>(provider =>
                new SimulatedTransportFactory(losses, options.Importance, provider.GetRequiredService<ModelCatalog>()));
        }
        else
        {
            services.AddSingleton<ITransportFactory, InProcessTransportFactory>();
        }
    }

    /// <summary>Joins the boards of this process.</summary>
    internal static void AddLocalSessions(this IServiceCollection services, HaloClusterOptions options)
    {
        services.AddSingleton<IStepSessions, InProcessSessions>();
        switch (options.Transport)
        {
            case TransportKind.GrainCall:
                services.AddSingleton<ITransportFactory, GrainCallTransportFactory>();
                break;
            case TransportKind.Stream:
                services.AddSingleton<ITransportFactory>(new StreamTransportFactory(new StreamOptions(options.Topology, options.WireType)));
                break;
            case TransportKind.Datagram:
                services.AddSingleton<ITransportFactory>(new DatagramTransportFactory(new DatagramOptions(options.Topology, options.WireType, options.Policy)
                {
                    CriticalBoards = options.CriticalBoards,
                    CriticalStages = options.CriticalStages,
                    DeadlineLimit = options.DeadlineLimit,
                }));
                break;
            default:
                AddSharedMemory(services, options);
                break;
        }
    }
}
